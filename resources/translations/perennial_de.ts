<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>app</name>
    <message numerus="yes">
        <source>%n byte(s)</source>
        <translation>
            <numerusform>%n Byte</numerusform>
            <numerusform>%n Bytes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s)</source>
        <translation>
            <numerusform>%n Tag</numerusform>
            <numerusform>%n Tage</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s) ago</source>
        <translation>
            <numerusform>vor %n Tag</numerusform>
            <numerusform>vor %n Tagen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s)</source>
        <translation>
            <numerusform>%n Stunde</numerusform>
            <numerusform>%n Stunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s) ago</source>
        <translation>
            <numerusform>vor %n Stunde</numerusform>
            <numerusform>vor %n Stunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s)</source>
        <translation>
            <numerusform>%n Minute</numerusform>
            <numerusform>%n Minuten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s) ago</source>
        <translation>
            <numerusform>vor %n Minute</numerusform>
            <numerusform>vor %n Minuten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n piece(s)</source>
        <translation>
            <numerusform>%n Stück</numerusform>
            <numerusform>%n Stücke</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n second(s)</source>
        <translation>
            <numerusform>%n Sekunde</numerusform>
            <numerusform>%n Sekunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n second(s) ago</source>
        <translation>
            <numerusform>vor %n Sekunde</numerusform>
            <numerusform>vor %n Sekunden</numerusform>
        </translation>
    </message>
    <message>
        <source>,</source>
        <comment>between thousands</comment>
        <translation>.</translation>
    </message>
    <message>
        <source>.</source>
        <comment>before tenths</comment>
        <translation>,</translation>
    </message>
    <message>
        <source>A bed of flowering plants whose roots meet below the ground</source>
        <translation>Ein Beet blühender Pflanzen, deren Wurzeln sich unter der Erde treffen</translation>
    </message>
    <message>
        <source>A piece could not be proved.</source>
        <translation>Ein Stück war nicht nachzuweisen.</translation>
    </message>
    <message>
        <source>A proof failed</source>
        <translation>Nachweis misslungen</translation>
    </message>
    <message>
        <source>A whole small network on this computer, to look at. Nobody&apos;s data is kept here.</source>
        <translation>Ein ganzes kleines Netz auf diesem Computer, zum Ansehen. Niemandes Daten liegen hier.</translation>
    </message>
    <message>
        <source>All right</source>
        <translation>In Ordnung</translation>
    </message>
    <message>
        <source>As it was when last heard, at {moment}</source>
        <translation>So stand es zuletzt ({moment})</translation>
    </message>
    <message>
        <source>Clock is right</source>
        <translation>Uhr stimmt</translation>
    </message>
    <message>
        <source>Clock is wrong</source>
        <translation>Uhr geht falsch</translation>
    </message>
    <message>
        <source>Clock not known</source>
        <translation>Uhr ungeprüft</translation>
    </message>
    <message>
        <source>Disk fails</source>
        <translation>Festplatte versagt</translation>
    </message>
    <message>
        <source>Disk not known</source>
        <translation>Festplatte ungeprüft</translation>
    </message>
    <message>
        <source>Disk works</source>
        <translation>Festplatte geht</translation>
    </message>
    <message>
        <source>Everything is fine.</source>
        <translation>Alles ist in Ordnung.</translation>
    </message>
    <message>
        <source>Farm {name}</source>
        <translation>Beet {name}</translation>
    </message>
    <message>
        <source>For 1 hour</source>
        <translation>Für 1 Stunde</translation>
    </message>
    <message>
        <source>Go on helping</source>
        <translation>Weiter helfen</translation>
    </message>
    <message>
        <source>Go on now</source>
        <translation>Jetzt weitermachen</translation>
    </message>
    <message>
        <source>Grow a new practice network</source>
        <translation>Neues Übungsnetz wachsen lassen</translation>
    </message>
    <message>
        <source>Grow a practice network</source>
        <translation>Übungsnetz wachsen lassen</translation>
    </message>
    <message>
        <source>Growing a practice network</source>
        <translation>Ein Übungsnetz wächst heran</translation>
    </message>
    <message>
        <source>Growing a practice network. Eight small computers are starting; this takes a moment.</source>
        <translation>Ein Übungsnetz wächst heran. Acht kleine Computer starten; das dauert einen Augenblick.</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>How much space is in use is not known yet</source>
        <translation>Wie viel Platz belegt ist, ist noch nicht bekannt</translation>
    </message>
    <message>
        <source>If it lies on a disk that can be unplugged, plug that back in. If it is gone for good, quit Perennial and start it again to begin anew.</source>
        <translation>Liegt er auf einer Festplatte, die sich abziehen lässt, bitte wieder anschließen. Ist er für immer fort: Perennial beenden und wieder starten, dann fängt es neu an.</translation>
    </message>
    <message>
        <source>It does not run.</source>
        <translation>Es läuft nicht.</translation>
    </message>
    <message>
        <source>It does not talk to this window.</source>
        <translation>Es spricht nicht mit diesem Fenster.</translation>
    </message>
    <message>
        <source>It ended with code {code}.</source>
        <translation>Es hat mit dem Code {code} geendet.</translation>
    </message>
    <message>
        <source>It goes on a few minutes after that.</source>
        <translation>Einige Minuten danach geht es weiter.</translation>
    </message>
    <message>
        <source>It goes on at most a few minutes after all of them have ended.</source>
        <translation>Spätestens einige Minuten, nachdem alle geendet haben, geht es weiter.</translation>
    </message>
    <message>
        <source>It goes on at most a few minutes after both have ended.</source>
        <translation>Spätestens einige Minuten, nachdem beide geendet haben, geht es weiter.</translation>
    </message>
    <message>
        <source>It goes on by itself {moment}. Until then, pieces kept here can still be read.</source>
        <translation>Es geht {moment} von selbst weiter. Bis dahin bleibt lesbar, was hier liegt.</translation>
    </message>
    <message>
        <source>It goes on by itself. Until then, pieces kept here can still be read.</source>
        <translation>Es geht von selbst weiter. Bis dahin bleibt lesbar, was hier liegt.</translation>
    </message>
    <message>
        <source>It goes on in the background</source>
        <translation>Es geht im Hintergrund weiter</translation>
    </message>
    <message>
        <source>It goes on when you say so. Until then, pieces kept here can still be read.</source>
        <translation>Es geht weiter, wenn Sie es sagen. Bis dahin bleibt lesbar, was hier liegt.</translation>
    </message>
    <message>
        <source>It has no farm to look at.</source>
        <translation>Es gibt darin nichts anzusehen.</translation>
    </message>
    <message>
        <source>It has not said anything yet. If this computer asks for the password of its keyring, it waits for that.</source>
        <translation>Es hat noch nichts gesagt. Wenn dieser Computer nach dem Passwort seines Schlüsselbunds fragt, wartet es darauf.</translation>
    </message>
    <message>
        <source>It is tried again by itself, after five minutes and then more and more rarely.</source>
        <translation>Es wird von selbst wieder versucht, nach fünf Minuten und dann immer seltener.</translation>
    </message>
    <message>
        <source>It keeps trying by itself.</source>
        <translation>Es versucht es von selbst weiter.</translation>
    </message>
    <message>
        <source>It reads none of them, and a fault in it could not either.</source>
        <translation>Es liest keine davon, und auch ein Fehler darin könnte es nicht.</translation>
    </message>
    <message>
        <source>It reads none of them. If a fault in it did, this system would not stop it.</source>
        <translation>Es liest keine davon. Täte ein Fehler darin es doch, hielte dieses System ihn nicht auf.</translation>
    </message>
    <message>
        <source>It reads none of your files. If a fault in it tried more than it may, this system would stop some of that.</source>
        <translation>Es liest keine Ihrer Dateien. Versuchte ein Fehler darin mehr, als es darf, hielte dieses System nur einen Teil davon auf.</translation>
    </message>
    <message>
        <source>It said nothing for {seconds} seconds.</source>
        <translation>Es hat {seconds} Sekunden lang nichts gesagt.</translation>
    </message>
    <message>
        <source>It said something that is not understood.</source>
        <translation>Es hat etwas gesagt, das nicht zu verstehen ist.</translation>
    </message>
    <message>
        <source>It was killed.</source>
        <translation>Es wurde hart beendet.</translation>
    </message>
    <message>
        <source>It was stopped from outside.</source>
        <translation>Es wurde von außen beendet.</translation>
    </message>
    <message>
        <source>Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec</source>
        <translation>Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.</translation>
    </message>
    <message>
        <source>Last look: just now</source>
        <translation>Zuletzt geprüft: gerade eben</translation>
    </message>
    <message>
        <source>Last look: {ago}</source>
        <translation>Zuletzt geprüft: {ago}</translation>
    </message>
    <message>
        <source>Last look: {moment}</source>
        <translation>Zuletzt geprüft: {moment}</translation>
    </message>
    <message>
        <source>No answer lately</source>
        <translation>Antwort steht aus</translation>
    </message>
    <message>
        <source>No network joined yet</source>
        <translation>Noch in keinem Netz</translation>
    </message>
    <message>
        <source>No proof lately</source>
        <translation>Nachweis steht aus</translation>
    </message>
    <message>
        <source>Nobody answers</source>
        <translation>Niemand antwortet</translation>
    </message>
    <message>
        <source>Nobody answers.</source>
        <translation>Niemand antwortet.</translation>
    </message>
    <message>
        <source>Nobody&apos;s data is at stake: this is practice.</source>
        <translation>Niemandes Daten stehen auf dem Spiel: Das ist eine Übung.</translation>
    </message>
    <message>
        <source>Not known how it is shut off</source>
        <translation>Wie sie abgeschirmt ist, ist nicht bekannt</translation>
    </message>
    <message>
        <source>Not reached</source>
        <translation>Nicht erreicht</translation>
    </message>
    <message>
        <source>Not reached lately</source>
        <translation>Erreichbarkeit ungeprüft</translation>
    </message>
    <message>
        <source>Not shut off from your files</source>
        <translation>Hätte Zugang zu Ihren Dateien</translation>
    </message>
    <message>
        <source>Nothing answered, so that was not done.</source>
        <translation>Nichts hat geantwortet, darum ist das nicht geschehen.</translation>
    </message>
    <message>
        <source>Nothing answers on this computer. This window keeps asking by itself.</source>
        <translation>Auf diesem Computer antwortet nichts. Dieses Fenster fragt von selbst weiter.</translation>
    </message>
    <message>
        <source>Nothing could be looked at yet</source>
        <translation>Noch ließ sich nichts prüfen</translation>
    </message>
    <message>
        <source>Nothing new is taken in meanwhile; pieces kept here can still be read.</source>
        <translation>Inzwischen wird nichts Neues angenommen; was hier liegt, bleibt lesbar.</translation>
    </message>
    <message>
        <source>Nothing to keep yet. Pieces come by themselves when others need room.</source>
        <translation>Noch ist nichts aufzubewahren. Stücke kommen von selbst, wenn andere Platz brauchen.</translation>
    </message>
    <message>
        <source>On a metered connection</source>
        <translation>Verbindung kostet nach Menge</translation>
    </message>
    <message>
        <source>On battery</source>
        <translation>Im Akkubetrieb</translation>
    </message>
    <message>
        <source>Open Perennial</source>
        <translation>Perennial öffnen</translation>
    </message>
    <message>
        <source>Other computers should hold the same pieces; that cannot be checked right now.</source>
        <translation>Andere Computer sollten dieselben Stücke haben; das lässt sich gerade nicht prüfen.</translation>
    </message>
    <message>
        <source>Others answer</source>
        <translation>Andere antworten</translation>
    </message>
    <message>
        <source>Others do not reach you.</source>
        <translation>Andere erreichen Sie nicht.</translation>
    </message>
    <message>
        <source>Others reach you</source>
        <translation>Andere erreichen Sie</translation>
    </message>
    <message>
        <source>Outside your hours</source>
        <translation>Außerhalb Ihrer Stunden</translation>
    </message>
    <message>
        <source>Partly shut off</source>
        <translation>Teilweise abgeschirmt</translation>
    </message>
    <message>
        <source>Partly shut off, never tried on this system</source>
        <translation>Teilweise abgeschirmt, hier nie erprobt</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Paused by you.</source>
        <translation>Von Ihnen angehalten.</translation>
    </message>
    <message numerus="yes">
        <source>Paused for %n reason(s).</source>
        <translation>
            <numerusform>Pausiert aus %n Grund.</numerusform>
            <numerusform>Pausiert aus %n Gründen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Paused.</source>
        <translation>Pausiert.</translation>
    </message>
    <message>
        <source>Paused: {reasons}.</source>
        <translation>Pausiert: {reasons}.</translation>
    </message>
    <message>
        <source>Perennial (practice network)</source>
        <translation>Perennial (Übungsnetz)</translation>
    </message>
    <message>
        <source>Perennial has been started and has not said anything yet.</source>
        <translation>Perennial wurde gestartet und hat noch nichts gesagt.</translation>
    </message>
    <message>
        <source>Pieces kept here can still be read meanwhile.</source>
        <translation>Was hier liegt, bleibt inzwischen lesbar.</translation>
    </message>
    <message>
        <source>Pieces proved</source>
        <translation>Stücke nachgewiesen</translation>
    </message>
    <message>
        <source>Show Help</source>
        <translation>Hilfe zeigen</translation>
    </message>
    <message>
        <source>The folder of Perennial is not there.</source>
        <translation>Der Ordner von Perennial fehlt.</translation>
    </message>
    <message>
        <source>Practice network</source>
        <translation>Übungsnetz</translation>
    </message>
    <message>
        <source>Practice: {line}</source>
        <translation>Übung: {line}</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Quit (Perennial goes on without this window)</source>
        <translation>Beenden (Perennial läuft ohne Fenster weiter)</translation>
    </message>
    <message>
        <source>Quit Perennial?</source>
        <translation>Perennial beenden?</translation>
    </message>
    <message>
        <source>Quit and end the practice network</source>
        <translation>Beenden, auch das Übungsnetz</translation>
    </message>
    <message>
        <source>Resources</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Show Network</source>
        <translation>Netz zeigen</translation>
    </message>
    <message>
        <source>Show Resources</source>
        <translation>Einstellungen zeigen</translation>
    </message>
    <message>
        <source>Show Updates</source>
        <translation>Updates zeigen</translation>
    </message>
    <message>
        <source>Shut off from your files</source>
        <translation>Ohne Zugang zu Ihren Dateien</translation>
    </message>
    <message>
        <source>Something is wrong.</source>
        <translation>Etwas stimmt nicht.</translation>
    </message>
    <message>
        <source>Something to know.</source>
        <translation>Das sollten Sie wissen.</translation>
    </message>
    <message>
        <source>Start it again</source>
        <translation>Wieder starten</translation>
    </message>
    <message>
        <source>Starting up.</source>
        <translation>Startet gerade.</translation>
    </message>
    <message>
        <source>The clock is wrong.</source>
        <translation>Die Uhr geht falsch.</translation>
    </message>
    <message>
        <source>The disk does not work.</source>
        <translation>Die Festplatte geht nicht.</translation>
    </message>
    <message>
        <source>The practice network did not start.</source>
        <translation>Das Übungsnetz ist nicht gestartet.</translation>
    </message>
    <message>
        <source>The practice network has ended.</source>
        <translation>Das Übungsnetz ist zu Ende.</translation>
    </message>
    <message>
        <source>The version in use</source>
        <translation>Die jetzige Version</translation>
    </message>
    <message>
        <source>There has been no answer since {moment}. This window keeps asking by itself.</source>
        <translation>Seit {moment} kommt keine Antwort. Dieses Fenster fragt von selbst weiter.</translation>
    </message>
    <message>
        <source>There is nothing you need to do.</source>
        <translation>Es ist nichts zu tun.</translation>
    </message>
    <message>
        <source>This desktop has no place for a tray icon, so the window is only made small. To see it again, click it among your windows or start Perennial once more. To quit, look under Help.</source>
        <translation>Auf diesem Desktop ist kein Platz für ein Symbol in der Leiste, darum wird das Fenster nur klein gemacht. Es erscheint wieder nach einem Klick in der Fensterliste oder wenn Perennial noch einmal gestartet wird. Beenden lässt es sich unter Hilfe.</translation>
    </message>
    <message numerus="yes">
        <source>This farm keeps %n piece(s) for its neighbours, all of them on this computer.</source>
        <translation>
            <numerusform>Hier liegt %n Stück für die Nachbarn, und alle Nachbarn sind auf diesem Computer.</numerusform>
            <numerusform>Hier liegen %n Stücke für die Nachbarn, und alle Nachbarn sind auf diesem Computer.</numerusform>
        </translation>
    </message>
    <message>
        <source>Until I resume</source>
        <translation>Bis ich weitermache</translation>
    </message>
    <message>
        <source>Until then no new version is tried out, not even an urgent one</source>
        <translation>Bis dahin wird keine neue Version ausprobiert, auch keine dringende</translation>
    </message>
    <message>
        <source>Until tomorrow</source>
        <translation>Bis morgen</translation>
    </message>
    <message>
        <source>Updates</source>
        <translation>Updates</translation>
    </message>
    <message>
        <source>Version {in_use}</source>
        <translation>Version {in_use}</translation>
    </message>
    <message>
        <source>Version {version}, which its makers call urgent, is not tried out before that.</source>
        <translation>Version {version}, die ihre Hersteller dringend nennen, wird nicht vorher ausprobiert.</translation>
    </message>
    <message>
        <source>You asked for it</source>
        <translation>So gewünscht</translation>
    </message>
    <message>
        <source>You can grow a new one at any time.</source>
        <translation>Ein neues kann jederzeit wachsen.</translation>
    </message>
    <message numerus="yes">
        <source>Your computer is helping to keep %n piece(s) of other people&apos;s data safe.</source>
        <translation>
            <numerusform>Ihr Computer hilft, %n Stück fremder Daten sicher aufzubewahren.</numerusform>
            <numerusform>Ihr Computer hilft, %n Stücke fremder Daten sicher aufzubewahren.</numerusform>
        </translation>
    </message>
    <message>
        <source>Your computer stops helping until you start Perennial again, or log in the next time.</source>
        <translation>Ihr Computer hilft dann nicht mehr, bis Sie Perennial wieder starten oder sich das nächste Mal anmelden.</translation>
    </message>
    <message>
        <source>Your computer stops helping until you start Perennial again.</source>
        <translation>Ihr Computer hilft dann nicht mehr, bis Perennial wieder gestartet wird.</translation>
    </message>
    <message>
        <source>at {clock}</source>
        <translation>um {clock}</translation>
    </message>
    <message>
        <source>at {day} {month} {clock}</source>
        <translation>am {day}. {month} um {clock}</translation>
    </message>
    <message>
        <source>ends when you plug in</source>
        <translation>endet am Netzteil</translation>
    </message>
    <message>
        <source>ends when you say so</source>
        <translation>endet, wenn Sie es sagen</translation>
    </message>
    <message>
        <source>ends with another connection</source>
        <translation>endet mit einer anderen Verbindung</translation>
    </message>
    <message>
        <source>ends with the next of your hours</source>
        <translation>endet mit der nächsten Ihrer Stunden</translation>
    </message>
    <message>
        <source>ends {moment}</source>
        <translation>endet {moment}</translation>
    </message>
    <message>
        <source>on a metered connection</source>
        <translation>im Volumentarif</translation>
    </message>
    <message>
        <source>on battery</source>
        <translation>im Akkubetrieb</translation>
    </message>
    <message>
        <source>outside your hours</source>
        <translation>außerhalb Ihrer Stunden</translation>
    </message>
    <message>
        <source>tomorrow at {clock}</source>
        <translation>morgen um {clock}</translation>
    </message>
    <message>
        <source>{day} {month} {clock}</source>
        <translation>{day}. {month}, {clock}</translation>
    </message>
    <message>
        <source>{day} {month} {year} {clock}</source>
        <translation>{day}. {month} {year}, {clock}</translation>
    </message>
    <message>
        <source>{free} still free to lend</source>
        <translation>{free} noch zu verleihen</translation>
    </message>
    <message>
        <source>{in_use} · trying {trying}</source>
        <translation>{in_use} · probiert {trying}</translation>
    </message>
    <message>
        <source>{line}, trying {version}</source>
        <translation>{line}, probiert {version}</translation>
    </message>
    <message>
        <source>{these} and {last}</source>
        <translation>{these} und {last}</translation>
    </message>
    <message>
        <source>{used} of {quota} in use</source>
        <translation>{used} von {quota} belegt</translation>
    </message>
    <message>
        <source>{version} is being tried out</source>
        <translation>{version} wird ausprobiert</translation>
    </message>
</context>
<context>
    <name>details</name>
    <message>
        <source>Also on 127.0.0.1, with the token of this run from {token_file}:</source>
        <translation>Auch auf 127.0.0.1, mit dem Token dieses Laufs aus {token_file}:</translation>
    </message>
    <message>
        <source>App and runtime</source>
        <translation>App und Laufzeit</translation>
    </message>
    <message>
        <source>Decoy trials</source>
        <translation>Scheinproben</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Developers</source>
        <translation>Entwickler</translation>
    </message>
    <message>
        <source>For the curious, in exact words. There is nothing to do here.</source>
        <translation>Für Neugierige, in genauen Worten. Hier ist nichts zu tun.</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>In a file behind a passphrase, which is asked for at every start.</source>
        <translation>In einer Datei hinter einer Passphrase, nach der bei jedem Start gefragt wird.</translation>
    </message>
    <message>
        <source>In the keyring of this system.</source>
        <translation>Im Schlüsselbund dieses Systems.</translation>
    </message>
    <message>
        <source>It could not be saved: {why}</source>
        <translation>Das ließ sich nicht speichern: {why}</translation>
    </message>
    <message>
        <source>Last events</source>
        <translation>Letzte Ereignisse</translation>
    </message>
    <message>
        <source>Last lines of the log</source>
        <translation>Letzte Zeilen des Protokolls</translation>
    </message>
    <message>
        <source>Local API and metrics</source>
        <translation>Lokale API und Messwerte</translation>
    </message>
    <message>
        <source>Nothing answers on this computer, so only what lies on its disk is shown.</source>
        <translation>Auf diesem Computer antwortet nichts; gezeigt wird nur, was auf der Festplatte liegt.</translation>
    </message>
    <message>
        <source>Nothing has happened since this window was opened.</source>
        <translation>Seit dieses Fenster offen ist, ist nichts geschehen.</translation>
    </message>
    <message>
        <source>Peers</source>
        <translation>Vaults</translation>
    </message>
    <message>
        <source>Private key</source>
        <translation>Schlüssel</translation>
    </message>
    <message>
        <source>Programs of this account can ask the node what this window asks. It answers on a Unix socket that no other account can open; there is no password to it.</source>
        <translation>Programme dieses Kontos können den Knoten dasselbe fragen wie dieses Fenster. Er antwortet auf einem Unix-Socket, den kein anderes Konto öffnen kann; ein Passwort gibt es nicht.</translation>
    </message>
    <message>
        <source>Sandbox</source>
        <translation>Sandbox</translation>
    </message>
    <message>
        <source>Save a diagnostics file</source>
        <translation>Diagnosedatei speichern</translation>
    </message>
    <message>
        <source>Saved.</source>
        <translation>Gespeichert.</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Platz</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>The log cannot be read: {why}</source>
        <translation>Das Protokoll lässt sich nicht lesen: {why}</translation>
    </message>
    <message>
        <source>The version that runs makes no diagnostics file yet.</source>
        <translation>Die laufende Version kann noch keine Diagnosedatei schreiben.</translation>
    </message>
    <message>
        <source>There is no log yet.</source>
        <translation>Es gibt noch kein Protokoll.</translation>
    </message>
    <message>
        <source>This node</source>
        <translation>Dieser Knoten</translation>
    </message>
    <message>
        <source>Tree hash</source>
        <translation>Prüfsumme</translation>
    </message>
    <message>
        <source>Unprotected, as in every practice network: in a file of this home.</source>
        <translation>Ungeschützt, wie in jedem Übungsnetz: in einer Datei dieses Ordners.</translation>
    </message>
    <message>
        <source>Unprotected: in a file that every program of this account can read.</source>
        <translation>Ungeschützt: in einer Datei, die jedes Programm dieses Kontos lesen kann.</translation>
    </message>
    <message>
        <source>Vault id</source>
        <translation>Vault-ID</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>as installed</source>
        <translation>wie installiert</translation>
    </message>
    <message>
        <source>full: the vault reaches its own folder and the network, and nothing else</source>
        <translation>voll: der Vault erreicht seinen eigenen Ordner und das Netz, sonst nichts</translation>
    </message>
    <message>
        <source>its disk does not answer</source>
        <translation>die Festplatte antwortet nicht</translation>
    </message>
    <message>
        <source>never tried on such a system</source>
        <translation>auf einem solchen System nie erprobt</translation>
    </message>
    <message>
        <source>none: the vault can do whatever this account can do</source>
        <translation>keine: der Vault kann alles, was dieses Konto kann</translation>
    </message>
    <message>
        <source>partial</source>
        <translation>teilweise</translation>
    </message>
    <message>
        <source>the version in use beside itself: {outcome} after {blocks} blocks, {moment}</source>
        <translation>die benutzte Version neben sich selbst: {outcome} nach {blocks} Blöcken, {moment}</translation>
    </message>
    <message>
        <source>{digits}… (the first 8 of 64 digits)</source>
        <translation>{digits}… (die ersten 8 von 64 Stellen)</translation>
    </message>
    <message>
        <source>{peers} vaults in {subnets} subnets</source>
        <translation>{peers} Vaults in {subnets} Teilnetzen</translation>
    </message>
    <message>
        <source>{used} of {quota} bytes, {chunks} chunks</source>
        <translation>{used} von {quota} Bytes, {chunks} Chunks</translation>
    </message>
    <message>
        <source>{version}, in use since {moment}</source>
        <translation>{version}, in Gebrauch seit {moment}</translation>
    </message>
</context>
<context>
    <name>help</name>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Collecting it…</source>
        <translation>Wird zusammengestellt …</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>Inhalt</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Copy the address</source>
        <translation>Adresse kopieren</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>It holds nothing secret and no address, so you can show it to whoever helps you.</source>
        <translation>Sie enthält nichts Geheimes und keine Adresse und kann jedem gezeigt werden, der Ihnen hilft.</translation>
    </message>
    <message>
        <source>Save a diagnostics file…</source>
        <translation>Diagnose speichern …</translation>
    </message>
    <message>
        <source>The handbook is not there. It belongs into {folder}.</source>
        <translation>Das Handbuch fehlt. Es gehört in {folder}.</translation>
    </message>
    <message>
        <source>There is no such page in the handbook: {target}</source>
        <translation>Diese Seite gibt es im Handbuch nicht: {target}</translation>
    </message>
    <message>
        <source>This leads out of the handbook, so nothing was opened: {address}</source>
        <translation>Das führt aus dem Handbuch hinaus, darum wurde nichts geöffnet: {address}</translation>
    </message>
</context>
<context>
    <name>network</name>
    <message numerus="yes">
        <source>%n answer(s)</source>
        <translation>
            <numerusform>%n antwortet</numerusform>
            <numerusform>%n antworten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n computer(s) known in all.</source>
        <translation>
            <numerusform>Insgesamt %n Computer bekannt.</numerusform>
            <numerusform>Insgesamt %n Computer bekannt.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n is/are silent</source>
        <translation>
            <numerusform>%n schweigt</numerusform>
            <numerusform>%n schweigen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n is/are slow</source>
        <translation>
            <numerusform>%n ist langsam</numerusform>
            <numerusform>%n sind langsam</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of the next {count} computers further out answer(s)</source>
        <translation>
            <numerusform>%n der nächsten {count} Computer weiter draußen antwortet</numerusform>
            <numerusform>%n der nächsten {count} Computer weiter draußen antworten</numerusform>
        </translation>
    </message>
    <message>
        <source>As it was when last heard, at {moment}.</source>
        <translation>So stand es zuletzt ({moment}).</translation>
    </message>
    <message>
        <source>As soon as Perennial answers, your neighbours are shown here.</source>
        <translation>Sobald Perennial antwortet, stehen hier Ihre Nachbarn.</translation>
    </message>
    <message>
        <source>At most {sent} sent and {received} received, averaged over a minute.</source>
        <translation>Höchstens {sent} gesendet und {received} empfangen, im Mittel einer Minute.</translation>
    </message>
    <message>
        <source>Clockwise, the nearest first, in the network&apos;s own order. This is not a map.</source>
        <translation>Im Uhrzeigersinn, die nächsten zuerst, in der Ordnung des Netzes. Das ist keine Landkarte.</translation>
    </message>
    <message numerus="yes">
        <source>Neighbours on %n different network(s).</source>
        <translation>
            <numerusform>Nachbarn in %n Netz.</numerusform>
            <numerusform>Nachbarn in %n verschiedenen Netzen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>No neighbours yet. On your local network they are found by themselves; further away it takes an invitation.</source>
        <translation>Noch keine Nachbarn. Im lokalen Netz finden sie sich von selbst; weiter weg braucht es eine Einladung.</translation>
    </message>
    <message>
        <source>No neighbours yet. They are found by themselves, which can take a few minutes.</source>
        <translation>Noch keine Nachbarn. Sie finden sich von selbst; das kann einige Minuten dauern.</translation>
    </message>
    <message>
        <source>No single network can speak for all.</source>
        <translation>Kein einzelnes Netz kann für alle sprechen.</translation>
    </message>
    <message>
        <source>Not measured yet. The first minute comes in a minute.</source>
        <translation>Noch nicht gemessen. Die erste Minute kommt in einer Minute.</translation>
    </message>
    <message>
        <source>Nothing was sent or received in this hour.</source>
        <translation>In dieser Stunde wurde nichts gesendet oder empfangen.</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Empfangen</translation>
    </message>
    <message>
        <source>Sending and receiving: {no_limit}.</source>
        <translation>Senden und Empfangen: {no_limit}.</translation>
    </message>
    <message>
        <source>Sent</source>
        <translation>Gesendet</translation>
    </message>
    <message>
        <source>The computers that keep the same pieces as yours, so that nothing is lost when one of you is switched off.</source>
        <translation>Die Computer, die dieselben Stücke aufbewahren wie Ihrer, damit nichts verloren geht, wenn einer ausgeschaltet ist.</translation>
    </message>
    <message>
        <source>The last hour</source>
        <translation>Die letzte Stunde</translation>
    </message>
    <message>
        <source>The last one came {ago}.</source>
        <translation>Der letzte kam {ago}.</translation>
    </message>
    <message>
        <source>The nearest {shown} of {count} are drawn.</source>
        <translation>Gezeichnet sind die nächsten {shown} von {count}.</translation>
    </message>
    <message>
        <source>The next computer further out answers</source>
        <translation>Der nächste Computer weiter draußen antwortet</translation>
    </message>
    <message>
        <source>The next computer further out does not answer</source>
        <translation>Der nächste Computer weiter draußen antwortet nicht</translation>
    </message>
    <message>
        <source>The next {count} computers further out all answer</source>
        <translation>Die nächsten {count} Computer weiter draußen antworten alle</translation>
    </message>
    <message>
        <source>Your limits: sending {sending}, receiving {receiving}.</source>
        <translation>Ihre Grenzen: Senden {sending}, Empfangen {receiving}.</translation>
    </message>
    <message>
        <source>Your neighbours</source>
        <translation>Ihre Nachbarn</translation>
    </message>
    <message>
        <source>an hour ago</source>
        <translation>vor einer Stunde</translation>
    </message>
    <message>
        <source>no limit set</source>
        <translation>keine Grenze gesetzt</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
    <message>
        <source>{limit} (dashed)</source>
        <translation>{limit} (gestrichelt)</translation>
    </message>
    <message>
        <source>{sent} sent, {received} received in this hour.</source>
        <translation>{sent} gesendet, {received} empfangen in dieser Stunde.</translation>
    </message>
    <message>
        <source>{told}; each mark stands for up to {per_dot}</source>
        <translation>{told}; jedes Zeichen steht für bis zu {per_dot}</translation>
    </message>
</context>
<context>
    <name>node</name>
    <message numerus="yes">
        <source>%n day(s)</source>
        <translation>
            <numerusform>%n Tag</numerusform>
            <numerusform>%n Tage</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s) ago</source>
        <translation>
            <numerusform>vor %n Tag</numerusform>
            <numerusform>vor %n Tagen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s)</source>
        <translation>
            <numerusform>%n Stunde</numerusform>
            <numerusform>%n Stunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s) ago</source>
        <translation>
            <numerusform>vor %n Stunde</numerusform>
            <numerusform>vor %n Stunden</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s)</source>
        <translation>
            <numerusform>%n Minute</numerusform>
            <numerusform>%n Minuten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s) ago</source>
        <translation>
            <numerusform>vor %n Minute</numerusform>
            <numerusform>vor %n Minuten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n other computer(s) asked for a proof of a piece that should be kept here, and got none.</source>
        <translation>
            <numerusform>Ein anderer Computer hat den Nachweis für ein Stück verlangt, das hier liegen sollte, und keinen bekommen.</numerusform>
            <numerusform>%n andere Computer haben den Nachweis für ein Stück verlangt, das hier liegen sollte, und keinen bekommen.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n year(s)</source>
        <translation>
            <numerusform>%n Jahr</numerusform>
            <numerusform>%n Jahre</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n year(s) ago</source>
        <translation>
            <numerusform>vor %n Jahr</numerusform>
            <numerusform>vor %n Jahren</numerusform>
        </translation>
    </message>
    <message>
        <source>Another computer runs with the key of this one, and others count only one of the two. End the other one: type perennial leave in a terminal there, or delete its copy of the folder.</source>
        <translation>Ein anderer Computer läuft mit dem Schlüssel von diesem, und andere zählen von beiden nur einen. Beenden Sie den anderen: Geben Sie dort in einem Terminal perennial leave ein, oder löschen Sie seine Kopie des Ordners.</translation>
    </message>
    <message>
        <source>Others count only one of two computers with one key. On the other one use perennial leave, or delete the copy.</source>
        <translation>Andere zählen von zwei Computern mit einem Schlüssel nur einen. Benutzen Sie auf dem anderen perennial leave, oder löschen Sie die Kopie.</translation>
    </message>
    <message>
        <source>All is well so. If you let UDP port {port} through the firewalls of this computer and of your router, others can come by themselves.</source>
        <translation>Es ist alles gut so. Wenn Sie den UDP-Port {port} durch die Firewalls dieses Computers und Ihres Routers lassen, können andere auch von selbst kommen.</translation>
    </message>
    <message numerus="yes">
        <source>All is well: {used} of {quota} in use, connected to %n computer(s).</source>
        <translation>
            <numerusform>Alles ist gut: {used} von {quota} belegt, verbunden mit %n Computer.</numerusform>
            <numerusform>Alles ist gut: {used} von {quota} belegt, verbunden mit %n Computern.</numerusform>
        </translation>
    </message>
    <message>
        <source>Another computer answered, and its signature was right.</source>
        <translation>Ein anderer Computer hat geantwortet, und seine Unterschrift stimmte.</translation>
    </message>
    <message>
        <source>Another computer asked for a proof of a piece that is kept here, and was satisfied.</source>
        <translation>Ein anderer Computer hat den Nachweis für ein Stück verlangt, das hier liegt, und war zufrieden.</translation>
    </message>
    <message>
        <source>Another computer was not satisfied with a proof of a piece; others are still to say.</source>
        <translation>Ein anderer Computer war mit dem Nachweis für ein Stück nicht zufrieden; weitere haben sich noch nicht geäußert.</translation>
    </message>
    <message>
        <source>By the few others that were heard the clock is about {span} ahead; which of them is wrong is not known.</source>
        <translation>Nach den wenigen anderen, die zu hören waren, geht die Uhr etwa {span} vor; welche davon falsch geht, ist nicht bekannt.</translation>
    </message>
    <message>
        <source>By the few others that were heard the clock is about {span} behind; which of them is wrong is not known.</source>
        <translation>Nach den wenigen anderen, die zu hören waren, geht die Uhr etwa {span} nach; welche davon falsch geht, ist nicht bekannt.</translation>
    </message>
    <message>
        <source>Do not trust this disk any more; save what is on it.</source>
        <translation>Dieser Festplatte ist nicht mehr zu trauen; bitte sichern, was darauf liegt.</translation>
    </message>
    <message>
        <source>For {span} no other computer has given an answer that is right.</source>
        <translation>{span} lang hat kein anderer Computer richtig geantwortet.</translation>
    </message>
    <message>
        <source>It updates itself if it can. If this stays so for weeks, install Perennial anew.</source>
        <translation>Perennial aktualisiert sich selbst, wenn es geht. Bleibt es wochenlang so, installieren Sie Perennial neu.</translation>
    </message>
    <message numerus="yes">
        <source>Last news from the makers: %n day(s) ago.</source>
        <translation>
            <numerusform>Letzte Nachricht der Hersteller: vor %n Tag.</numerusform>
            <numerusform>Letzte Nachricht der Hersteller: vor %n Tagen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Last news from the makers: today.</source>
        <translation>Letzte Nachricht der Hersteller: heute.</translation>
    </message>
    <message>
        <source>Last news from the makers: yesterday.</source>
        <translation>Letzte Nachricht der Hersteller: gestern.</translation>
    </message>
    <message>
        <source>Let UDP port {port} through the firewalls of this computer and of your router.</source>
        <translation>Bitte UDP-Port {port} durch die Firewalls von Computer und Router lassen.</translation>
    </message>
    <message>
        <source>Look whether it is plugged in well, and start the computer anew.</source>
        <translation>Bitte nachsehen, ob sie fest angesteckt ist, und den Computer neu starten.</translation>
    </message>
    <message>
        <source>Look whether the disk is full, write-protected or broken.</source>
        <translation>Bitte nachsehen, ob die Festplatte voll, schreibgeschützt oder defekt ist.</translation>
    </message>
    <message>
        <source>Look whether the disk is well: pieces on it may be damaged.</source>
        <translation>Bitte nachsehen, ob die Festplatte gesund ist: Stücke auf ihr könnten beschädigt sein.</translation>
    </message>
    <message>
        <source>Look whether this computer is connected to the internet.</source>
        <translation>Bitte nachsehen, ob dieser Computer mit dem Internet verbunden ist.</translation>
    </message>
    <message>
        <source>Make room on it.</source>
        <translation>Bitte Platz auf ihr schaffen.</translation>
    </message>
    <message>
        <source>No answer of another computer was checked lately.</source>
        <translation>In letzter Zeit wurde keine Antwort eines anderen Computers geprüft.</translation>
    </message>
    <message>
        <source>No other computer answers.</source>
        <translation>Kein anderer Computer antwortet.</translation>
    </message>
    <message>
        <source>No other of this practice network has come by itself lately.</source>
        <translation>Aus diesem Übungsnetz ist in letzter Zeit keiner von selbst gekommen.</translation>
    </message>
    <message>
        <source>Nobody has asked this computer for a proof yet.</source>
        <translation>Noch hat niemand von diesem Computer einen Nachweis verlangt.</translation>
    </message>
    <message>
        <source>Nobody on the internet has come by himself for {span} or more.</source>
        <translation>{span} lang oder länger ist niemand aus dem Internet von selbst gekommen.</translation>
    </message>
    <message>
        <source>Nothing has been heard of the makers yet.</source>
        <translation>Von den Herstellern war noch nichts zu hören.</translation>
    </message>
    <message>
        <source>Nothing is kept here yet, so there is nothing to prove.</source>
        <translation>Hier liegt noch nichts, also gibt es nichts nachzuweisen.</translation>
    </message>
    <message>
        <source>Nothing new is stored: only {free} of the disk are free, and Perennial leaves its last {reserve} to you; make room on it.</source>
        <translation>Nichts Neues wird gespeichert: Nur {free} der Festplatte sind frei, und die letzten {reserve} lässt Perennial Ihnen; bitte Platz auf ihr schaffen.</translation>
    </message>
    <message>
        <source>Others can reach this computer once a third one has introduced them to each other; nobody comes by himself.</source>
        <translation>Andere erreichen diesen Computer, sobald ein Dritter sie miteinander bekannt gemacht hat; von selbst kommt niemand.</translation>
    </message>
    <message>
        <source>Others on the internet reach this computer by themselves.</source>
        <translation>Andere im Internet erreichen diesen Computer von selbst.</translation>
    </message>
    <message>
        <source>Others on your own network reach this computer; whether the internet could is not known.</source>
        <translation>Andere im eigenen Netz erreichen diesen Computer; ob es auch aus dem Internet ginge, ist nicht bekannt.</translation>
    </message>
    <message>
        <source>Perennial does not keep running ({why}); it is started again and again.</source>
        <translation>Perennial läuft nicht stabil ({why}); es wird immer wieder gestartet.</translation>
    </message>
    <message numerus="yes">
        <source>Perennial has not answered for %n second(s).</source>
        <translation>
            <numerusform>Perennial hat seit %n Sekunde nicht geantwortet.</numerusform>
            <numerusform>Perennial hat seit %n Sekunden nicht geantwortet.</numerusform>
        </translation>
    </message>
    <message>
        <source>Perennial is being stopped.</source>
        <translation>Perennial wird beendet.</translation>
    </message>
    <message>
        <source>Perennial is being stopped: handing over its pieces, at most {within} s.</source>
        <translation>Perennial wird beendet: Es übergibt seine Stücke, höchstens {within} s lang.</translation>
    </message>
    <message numerus="yes">
        <source>Perennial is being stopped: handing over {done} of %n piece(s), at most {within} s.</source>
        <translation>
            <numerusform>Perennial wird beendet: {done} von %n Stück übergeben, höchstens {within} s lang.</numerusform>
            <numerusform>Perennial wird beendet: {done} von %n Stücken übergeben, höchstens {within} s lang.</numerusform>
        </translation>
    </message>
    <message>
        <source>Perennial is started again ({why}).</source>
        <translation>Perennial wird wieder gestartet ({why}).</translation>
    </message>
    <message>
        <source>Perennial is starting.</source>
        <translation>Perennial startet.</translation>
    </message>
    <message>
        <source>Perennial runs and looks for other computers.</source>
        <translation>Perennial läuft und sucht andere Computer.</translation>
    </message>
    <message>
        <source>Perennial runs, but it has reached no other computer yet.</source>
        <translation>Perennial läuft, hat aber noch keinen anderen Computer erreicht.</translation>
    </message>
    <message>
        <source>Perennial runs, but no other computer can be reached at the moment.</source>
        <translation>Perennial läuft, erreicht aber im Augenblick keinen anderen Computer.</translation>
    </message>
    <message>
        <source>Perennial runs, but the others run a version that it cannot speak with.</source>
        <translation>Perennial läuft, aber die anderen haben eine Version, mit der es sich nicht verständigen kann.</translation>
    </message>
    <message>
        <source>Plug it back in.</source>
        <translation>Bitte wieder anstecken.</translation>
    </message>
    <message>
        <source>Set date and time right, or let the system set them by itself.</source>
        <translation>Bitte Datum und Uhrzeit stellen oder das System sie selbst stellen lassen.</translation>
    </message>
    <message numerus="yes">
        <source>Shrinking {used} -&gt; {quota}: {done} of %n piece(s) handed over.</source>
        <translation>
            <numerusform>Wird kleiner, {used} -&gt; {quota}: {done} von %n Stück übergeben.</numerusform>
            <numerusform>Wird kleiner, {used} -&gt; {quota}: {done} von %n Stücken übergeben.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The clock is right: it agrees with %n other computer(s).</source>
        <translation>
            <numerusform>Die Uhr stimmt: Sie geht wie die eines anderen Computers.</numerusform>
            <numerusform>Die Uhr stimmt: Sie geht wie die von %n anderen Computern.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The clock of this computer is about {span} ahead; so say %n other computer(s).</source>
        <translation>
            <numerusform>Die Uhr dieses Computers geht etwa {span} vor; das sagt ein anderer Computer.</numerusform>
            <numerusform>Die Uhr dieses Computers geht etwa {span} vor; das sagen %n andere Computer.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The clock of this computer is about {span} behind; so say %n other computer(s).</source>
        <translation>
            <numerusform>Die Uhr dieses Computers geht etwa {span} nach; das sagt ein anderer Computer.</numerusform>
            <numerusform>Die Uhr dieses Computers geht etwa {span} nach; das sagen %n andere Computer.</numerusform>
        </translation>
    </message>
    <message>
        <source>The disk cannot be written, so nothing new is stored: {why}.</source>
        <translation>Die Festplatte lässt sich nicht beschreiben, darum wird nichts Neues gespeichert: {why}.</translation>
    </message>
    <message>
        <source>The disk cannot be written: {why}.</source>
        <translation>Die Festplatte lässt sich nicht beschreiben: {why}.</translation>
    </message>
    <message>
        <source>The disk does not answer any more.</source>
        <translation>Die Festplatte antwortet nicht mehr.</translation>
    </message>
    <message>
        <source>The disk gives back something else than was written to it.</source>
        <translation>Die Festplatte gibt anderes zurück, als auf sie geschrieben wurde.</translation>
    </message>
    <message>
        <source>The disk has not been looked at yet.</source>
        <translation>Die Festplatte wurde noch nicht geprüft.</translation>
    </message>
    <message>
        <source>The disk takes nothing more, so nothing new is stored; make room on it.</source>
        <translation>Die Festplatte nimmt nichts mehr an, darum wird nichts Neues gespeichert; bitte Platz auf ihr schaffen.</translation>
    </message>
    <message>
        <source>The disk was last looked at {ago}.</source>
        <translation>Die Festplatte wurde zuletzt {ago} geprüft.</translation>
    </message>
    <message>
        <source>The disk with the pieces is not there, or refuses; nothing new is stored until it is back.</source>
        <translation>Die Festplatte mit den Stücken fehlt oder verweigert sich; bis sie wieder da ist, wird nichts Neues gespeichert.</translation>
    </message>
    <message>
        <source>The disk with the pieces is not there.</source>
        <translation>Die Festplatte mit den Stücken fehlt.</translation>
    </message>
    <message>
        <source>The disk works: a file was written, read back and removed.</source>
        <translation>Die Festplatte geht: Eine Datei wurde geschrieben, gelesen und gelöscht.</translation>
    </message>
    <message>
        <source>The last proof that satisfied another computer was given {ago}.</source>
        <translation>Zuletzt war ein anderer Computer {ago} mit einem Nachweis zufrieden.</translation>
    </message>
    <message>
        <source>The last time that somebody on the internet came by himself was {ago}.</source>
        <translation>Zuletzt kam jemand aus dem Internet {ago} von selbst.</translation>
    </message>
    <message>
        <source>The makers have recalled version {version}, and no version from before may take its place; it keeps serving your pieces until a newer one has proven itself.</source>
        <translation>Die Hersteller haben Version {version} zurückgerufen, und keine frühere darf an ihre Stelle treten; sie stellt Ihre Stücke weiter bereit, bis eine neuere sich bewährt hat.</translation>
    </message>
    <message>
        <source>The other computers run a version that this one cannot speak with.</source>
        <translation>Die anderen Computer haben eine Version, mit der sich dieser nicht verständigen kann.</translation>
    </message>
    <message>
        <source>The others of this practice network reach this one; nobody comes from the internet.</source>
        <translation>Die anderen in diesem Übungsnetz erreichen diesen; aus dem Internet kommt niemand.</translation>
    </message>
    <message>
        <source>The version from before runs again.</source>
        <translation>Die Version davor läuft wieder.</translation>
    </message>
    <message>
        <source>The version of Perennial itself that was installed last did not come to work.</source>
        <translation>Die zuletzt installierte Version von Perennial selbst hat nicht zu arbeiten begonnen.</translation>
    </message>
    <message>
        <source>The version that was installed runs again.</source>
        <translation>Die installierte Version läuft wieder.</translation>
    </message>
    <message>
        <source>Updates are halted: the makers&apos; signatures contradict each other (since {date}); your pieces are served as before.</source>
        <translation>Neue Versionen sind angehalten: Die Unterschriften der Hersteller widersprechen einander (seit {date}); Ihre Stücke bleiben verfügbar wie bisher.</translation>
    </message>
    <message numerus="yes">
        <source>Updates wait for the makers: their last word expired on {date}, and the last news from them is %n day(s) old; your pieces are served as before.</source>
        <translation>
            <numerusform>Neue Versionen warten auf die Hersteller: Deren letztes Wort galt bis {date}, und ihre letzte Nachricht ist %n Tag alt; Ihre Stücke bleiben verfügbar wie bisher.</numerusform>
            <numerusform>Neue Versionen warten auf die Hersteller: Deren letztes Wort galt bis {date}, und ihre letzte Nachricht ist %n Tage alt; Ihre Stücke bleiben verfügbar wie bisher.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Updates wait for the makers: what they signed as {role} expired on {date}, and the last news from them is %n day(s) old; your pieces are served as before.</source>
        <translation>
            <numerusform>Neue Versionen warten auf die Hersteller: Was sie als {role} unterschrieben haben, galt bis {date}, und ihre letzte Nachricht ist %n Tag alt; Ihre Stücke bleiben verfügbar wie bisher.</numerusform>
            <numerusform>Neue Versionen warten auf die Hersteller: Was sie als {role} unterschrieben haben, galt bis {date}, und ihre letzte Nachricht ist %n Tage alt; Ihre Stücke bleiben verfügbar wie bisher.</numerusform>
        </translation>
    </message>
    <message>
        <source>Version {version} is being tried out; version {in_use} keeps your pieces.</source>
        <translation>Version {version} wird ausprobiert; Version {in_use} bewahrt Ihre Stücke auf.</translation>
    </message>
    <message>
        <source>Version {version} of Perennial itself has failed to start.</source>
        <translation>Version {version} von Perennial selbst ist beim Starten gescheitert.</translation>
    </message>
    <message>
        <source>Version {version} of Perennial itself is damaged on the disk.</source>
        <translation>Version {version} von Perennial selbst ist auf der Festplatte beschädigt.</translation>
    </message>
    <message>
        <source>Version {version} of Perennial itself was started, but did not come to work.</source>
        <translation>Version {version} von Perennial selbst wurde gestartet, kam aber nicht ins Laufen.</translation>
    </message>
    <message>
        <source>Whether others can reach this computer by themselves is not known yet.</source>
        <translation>Ob andere diesen Computer von selbst erreichen, ist noch nicht bekannt.</translation>
    </message>
    <message>
        <source>Whether the clock is right is not known yet: no other computer was heard lately.</source>
        <translation>Ob die Uhr stimmt, ist noch nicht bekannt: Kein anderer Computer war in letzter Zeit zu hören.</translation>
    </message>
    <message>
        <source>Whether the clock is right is not known: the clocks of others contradict each other.</source>
        <translation>Ob die Uhr stimmt, ist nicht bekannt: Die Uhren der anderen widersprechen einander.</translation>
    </message>
    <message>
        <source>Which version of Perennial itself was in use could not be read from the disk.</source>
        <translation>Welche Version von Perennial selbst in Gebrauch war, ließ sich nicht von der Festplatte lesen.</translation>
    </message>
    <message>
        <source>Which version of Perennial itself was in use is written down in a newer way than the installed start program knows; install Perennial anew to go on with that version.</source>
        <translation>Welche Version von Perennial selbst in Gebrauch war, ist auf eine neuere Art aufgeschrieben, als das installierte Startprogramm kennt; installieren Sie Perennial neu, um mit jener Version weiterzumachen.</translation>
    </message>
    <message>
        <source>Your router lets nobody in: others can only be asked, and not come by themselves.</source>
        <translation>Der Router lässt niemanden herein: Andere lassen sich nur fragen und können nicht von selbst kommen.</translation>
    </message>
    <message>
        <source>Others can reach this computer through your router: a third one introduces them to each other.</source>
        <translation>Andere können diesen Computer durch den Router erreichen: Ein dritter macht sie miteinander bekannt.</translation>
    </message>
    <message>
        <source>It helps all the same. If your provider offers IPv6, switch it on in your router; others can then be introduced to this computer by a third one.</source>
        <translation>Ihr Computer hilft trotzdem. Wenn Ihr Anbieter IPv6 bietet: bitte im Router einschalten, dann kann ein Dritter andere mit diesem Computer bekannt machen.</translation>
    </message>
    <message>
        <source>{over} more than the {quota} that you lend are in use, so nothing new is stored.</source>
        <translation>{over} mehr als die {quota}, die Sie verleihen, sind belegt; darum wird nichts Neues gespeichert.</translation>
    </message>
    <message>
        <source>{year}-{month}-{day}</source>
        <translation>{day}.{month}.{year}</translation>
    </message>
</context>
<context>
    <name>notifications</name>
    <message>
        <source>A new version took over</source>
        <translation>Eine neue Version hat übernommen</translation>
    </message>
    <message>
        <source>An urgent update waits, because you have paused Perennial</source>
        <translation>Eine dringende Version wartet, weil Perennial pausiert</translation>
    </message>
    <message>
        <source>Another computer runs with the key of this one</source>
        <translation>Ein anderer Computer läuft mit dem Schlüssel von diesem</translation>
    </message>
    <message>
        <source>Everything else goes on by itself.</source>
        <translation>Alles andere geht von selbst weiter.</translation>
    </message>
    <message>
        <source>If it lies on a disk that can be unplugged, plug that back in. Open Perennial to see what else can be done.</source>
        <translation>Liegt er auf einer Festplatte, die sich abziehen lässt, bitte wieder anschließen. Was sonst zu tun ist, steht in Perennial.</translation>
    </message>
    <message>
        <source>It goes on when you say so. Open Perennial, and choose Go on now.</source>
        <translation>Es geht weiter, wenn Sie es sagen: in Perennial „Jetzt weitermachen“ wählen.</translation>
    </message>
    <message>
        <source>It keeps trying by itself. Open Perennial to see what can be done.</source>
        <translation>Es versucht es von selbst weiter. Was sich tun lässt, steht in Perennial.</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Others count only one of the two. Open Perennial to see what can be done.</source>
        <translation>Andere zählen von beiden nur einen. Was sich tun lässt, steht in Perennial.</translation>
    </message>
    <message>
        <source>Perennial does not run</source>
        <translation>Perennial läuft nicht</translation>
    </message>
    <message>
        <source>Perennial needs you</source>
        <translation>Perennial braucht Sie</translation>
    </message>
    <message>
        <source>The folder of Perennial is not there</source>
        <translation>Der Ordner von Perennial fehlt</translation>
    </message>
    <message>
        <source>Version {version} did well for {tried} and is now in use. There is nothing you need to do.</source>
        <translation>Version {version} hat sich bewährt (Probe: {tried}) und ist jetzt in Gebrauch. Es ist nichts zu tun.</translation>
    </message>
    <message>
        <source>Version {version} is now in use. There is nothing you need to do.</source>
        <translation>Version {version} ist jetzt in Gebrauch. Es ist nichts zu tun.</translation>
    </message>
    <message>
        <source>Your computer does not help at the moment. Open Perennial to see why, or to start it again.</source>
        <translation>Ihr Computer hilft im Augenblick nicht. In Perennial steht, warum; dort lässt es sich auch wieder starten.</translation>
    </message>
</context>
<context>
    <name>reasons</name>
    <message numerus="yes">
        <source>%n days</source>
        <translation>
            <numerusform>%n Tag</numerusform>
            <numerusform>%n Tagen</numerusform>
        </translation>
    </message>
    <message>
        <source>Already in use.</source>
        <translation>Schon in Gebrauch.</translation>
    </message>
    <message>
        <source>Could not be compared: the two versions did not both run for {span}.</source>
        <translation>Sie ließ sich nicht vergleichen: In {span} liefen die beiden Versionen nicht zugleich.</translation>
    </message>
    <message>
        <source>Full trials could not prove it here.</source>
        <translation>Vollständige Proben konnten sie hier nicht beweisen.</translation>
    </message>
    <message>
        <source>It broke the rules: {what}.</source>
        <translation>Sie hat die Regeln gebrochen: {what}.</translation>
    </message>
    <message>
        <source>It could not be fetched. {reason}</source>
        <translation>Sie ließ sich nicht holen. {reason}</translation>
    </message>
    <message>
        <source>It crashed while the version in use went on.</source>
        <translation>Sie ist abgestürzt, während die jetzige Version weiterlief.</translation>
    </message>
    <message>
        <source>It did not end by itself when it was told to, as the version in use did.</source>
        <translation>Sie endete nicht von selbst, als sie sollte; die jetzige Version tat es.</translation>
    </message>
    <message>
        <source>It did not go on running here, so the version from before was started.</source>
        <translation>Sie ist hier nicht weitergelaufen, daher wurde die Version von davor gestartet.</translation>
    </message>
    <message>
        <source>It did not pass its self-test. {reason}</source>
        <translation>Sie hat ihre eigene Probe nicht bestanden. {reason}</translation>
    </message>
    <message>
        <source>It did not start here, so the version from before was started.</source>
        <translation>Sie ist hier nicht gestartet, daher wurde die Version von davor gestartet.</translation>
    </message>
    <message>
        <source>It did not start while the version in use did. {reason}</source>
        <translation>Sie startete nicht, die jetzige Version aber doch. {reason}</translation>
    </message>
    <message>
        <source>It did not take over in time.</source>
        <translation>Sie hat nicht rechtzeitig übernommen.</translation>
    </message>
    <message>
        <source>It did not take over. {reason}</source>
        <translation>Sie hat nicht übernommen. {reason}</translation>
    </message>
    <message>
        <source>It does not pass on news from the makers, as the version in use did {count} times in {span}.</source>
        <translation>Sie gibt Neues von den Herstellern nicht weiter; die jetzige Version tat es {count} Mal in {span}.</translation>
    </message>
    <message>
        <source>It failed {count} times in short succession. {reason}</source>
        <translation>Sie ist {count} Mal kurz nacheinander ausgefallen. {reason}</translation>
    </message>
    <message>
        <source>It failed {count} times soon after it took over. {reason}</source>
        <translation>Sie ist bald nach der Übernahme {count} Mal ausgefallen. {reason}</translation>
    </message>
    <message>
        <source>It fails more often: {share} % more of its requests than the version in use (at most {limit} % allowed).</source>
        <translation>Ihr misslingt mehr: {share} % mehr Anfragen als der jetzigen Version (erlaubt sind höchstens {limit} %).</translation>
    </message>
    <message>
        <source>It filled the disk with files of its own.</source>
        <translation>Sie hat die Festplatte mit eigenen Dateien gefüllt.</translation>
    </message>
    <message>
        <source>It finds nobody although others can be reached.</source>
        <translation>Sie findet niemanden, obwohl andere zu erreichen sind.</translation>
    </message>
    <message>
        <source>It gave wrong answers under its own signature, as 1 neighbour proved.</source>
        <translation>Sie gab unter eigener Unterschrift falsche Antworten; das hat 1 Nachbar bewiesen.</translation>
    </message>
    <message>
        <source>It gave wrong answers under its own signature, as {count} neighbours proved.</source>
        <translation>Sie gab unter eigener Unterschrift falsche Antworten; das haben {count} Nachbarn bewiesen.</translation>
    </message>
    <message>
        <source>It gave wrong bytes in {count} of {reads} reads.</source>
        <translation>Sie hat bei {count} von {reads} Abfragen falsche Daten gegeben.</translation>
    </message>
    <message>
        <source>It is as good as the current version in {count} comparisons, {reads} reads checked, not rated by neighbours.</source>
        <translation>Sie ist so gut wie die jetzige Version: {count} Vergleiche, {reads} Abfragen geprüft, nicht von Nachbarn bewertet.</translation>
    </message>
    <message>
        <source>It is as good as the current version in {count} comparisons, {reads} reads checked, rated by {rated} neighbours.</source>
        <translation>Sie ist so gut wie die jetzige Version: {count} Vergleiche, {reads} Abfragen geprüft, von {rated} Nachbarn bewertet.</translation>
    </message>
    <message>
        <source>It is as good as the version before it in {count} comparisons, {reads} reads checked, not rated by neighbours.</source>
        <translation>Sie ist so gut wie die vorige Version: {count} Vergleiche, {reads} Abfragen geprüft, nicht von Nachbarn bewertet.</translation>
    </message>
    <message>
        <source>It is as good as the version before it in {count} comparisons, {reads} reads checked, rated by {rated} neighbours.</source>
        <translation>Sie ist so gut wie die vorige Version: {count} Vergleiche, {reads} Abfragen geprüft, von {rated} Nachbarn bewertet.</translation>
    </message>
    <message>
        <source>It is slower: its late requests lengthen the mean by {share} % (at most {limit} % allowed).</source>
        <translation>Sie ist langsamer: Ihre späten Antworten verlängern den Mittelwert um {share} % (erlaubt sind höchstens {limit} %).</translation>
    </message>
    <message>
        <source>It is slower: requests take {factor} times as long (at most {limit} allowed).</source>
        <translation>Sie ist langsamer: Anfragen dauern {factor}-mal so lange (erlaubt ist höchstens {limit}).</translation>
    </message>
    <message>
        <source>It kept the version in use busy.</source>
        <translation>Sie hielt die jetzige Version in Atem.</translation>
    </message>
    <message>
        <source>It lost 1 piece that it had taken in.</source>
        <translation>Sie hat 1 Stück verloren, das sie angenommen hatte.</translation>
    </message>
    <message>
        <source>It lost {count} of {stored} pieces that it had taken in.</source>
        <translation>Sie hat {count} von {stored} Stücken verloren, die sie angenommen hatte.</translation>
    </message>
    <message>
        <source>It lost {count} pieces that it had taken in.</source>
        <translation>Sie hat {count} Stücke verloren, die sie angenommen hatte.</translation>
    </message>
    <message>
        <source>It needs {factor} times the memory (at most {limit} allowed).</source>
        <translation>Sie braucht {factor}-mal so viel Arbeitsspeicher (erlaubt ist höchstens {limit}).</translation>
    </message>
    <message>
        <source>It needs {factor} times the processor time (at most {limit} allowed).</source>
        <translation>Sie braucht {factor}-mal so viel Rechenzeit (erlaubt ist höchstens {limit}).</translation>
    </message>
    <message>
        <source>It sends {factor} times the bytes (at most {limit} allowed).</source>
        <translation>Sie sendet {factor}-mal so viele Daten (erlaubt ist höchstens {limit}).</translation>
    </message>
    <message>
        <source>It stopped answering: {count} requests in {span} that the version in use answered.</source>
        <translation>Sie hat nicht mehr geantwortet: {count} Anfragen in {span}, die die jetzige Version beantwortet hat.</translation>
    </message>
    <message>
        <source>It took a version into use that nobody has released.</source>
        <translation>Sie hat eine Version in Betrieb genommen, die niemand veröffentlicht hat.</translation>
    </message>
    <message>
        <source>It did not go back from a version that failed.</source>
        <translation>Sie ist von einer Version, die versagt hat, nicht zurückgekehrt.</translation>
    </message>
    <message>
        <source>It never took a good version into use.</source>
        <translation>Sie hat eine gute Version nie in Betrieb genommen.</translation>
    </message>
    <message>
        <source>It took a version into use without trying it out.</source>
        <translation>Sie hat eine Version in Betrieb genommen, ohne sie auszuprobieren.</translation>
    </message>
    <message>
        <source>It took the memory that the version in use lacked.</source>
        <translation>Sie nahm den Speicher, der der jetzigen Version fehlte.</translation>
    </message>
    <message>
        <source>It tried what it may not do: {what}.</source>
        <translation>Sie hat versucht, was sie nicht darf: {what}.</translation>
    </message>
    <message>
        <source>It was not up any more at the end, as the version in use was.</source>
        <translation>Am Ende lief sie nicht mehr, anders als die jetzige Version.</translation>
    </message>
    <message>
        <source>It was not up within {span} while the version in use was.</source>
        <translation>Sie lief nach {span} noch nicht, anders als die jetzige Version.</translation>
    </message>
    <message>
        <source>Its files on this disk are damaged.</source>
        <translation>Die Dateien dieser Version auf der Festplatte sind beschädigt.</translation>
    </message>
    <message>
        <source>It started too late {count} times in a row. {reason}</source>
        <translation>Sie ist {count} Mal nacheinander zu spät gestartet. {reason}</translation>
    </message>
    <message>
        <source>Its files were damaged.</source>
        <translation>Ihre Dateien waren beschädigt.</translation>
    </message>
    <message>
        <source>Its memory keeps growing: {share} % above its earlier level (at most {limit} % allowed).</source>
        <translation>Ihr Speicherbedarf wächst weiter: {share} % über dem früheren (erlaubt sind höchstens {limit} %).</translation>
    </message>
    <message>
        <source>Its turn has not come here yet.</source>
        <translation>Sie ist hier noch nicht an der Reihe.</translation>
    </message>
    <message>
        <source>Many other computers have refused it, so it waits for a while.</source>
        <translation>Viele andere Computer haben sie abgelehnt, darum wartet sie eine Weile.</translation>
    </message>
    <message>
        <source>Neighbours disagree: most of them report faults.</source>
        <translation>Nachbarn sehen es anders: Die meisten melden Fehler.</translation>
    </message>
    <message>
        <source>Neighbours disagree: they see it slower than the current version.</source>
        <translation>Nachbarn sehen es anders: Für sie ist sie langsamer als die jetzige Version.</translation>
    </message>
    <message>
        <source>No trial could be held. {reason}</source>
        <translation>Sie ließ sich nicht ausprobieren. {reason}</translation>
    </message>
    <message>
        <source>No trial of it could be held here.</source>
        <translation>Hier ließ sich keine Probe mit ihr abhalten.</translation>
    </message>
    <message>
        <source>Not proven within {span}: {missing}.</source>
        <translation>Nicht bewiesen innerhalb von {span}: {missing}.</translation>
    </message>
    <message>
        <source>Nothing can be tried out on this computer, because it cannot shut a version off.</source>
        <translation>Auf diesem Computer lässt sich nichts ausprobieren, weil er eine Version nicht abschirmen kann.</translation>
    </message>
    <message>
        <source>Nothing is tried out while Perennial is paused.</source>
        <translation>Solange Perennial pausiert, wird nichts ausprobiert.</translation>
    </message>
    <message>
        <source>Taken without a proof, as an exception. {reason}</source>
        <translation>Ohne Nachweis übernommen, als Ausnahme. {reason}</translation>
    </message>
    <message>
        <source>The computer is to blame: the version in use showed the same fault at the same time.</source>
        <translation>Es liegt am Computer: Die jetzige Version zeigte zur selben Zeit denselben Fehler.</translation>
    </message>
    <message>
        <source>The computer is to blame: {count} crashes fell together with its own faults.</source>
        <translation>Es liegt am Computer: {count} Abstürze fielen mit seinen eigenen Fehlern zusammen.</translation>
    </message>
    <message>
        <source>The current version did not start beside it. {reason}</source>
        <translation>Die jetzige Version startete daneben nicht. {reason}</translation>
    </message>
    <message>
        <source>The current version kept the new one beside it busy.</source>
        <translation>Die jetzige Version hielt die neue in Atem.</translation>
    </message>
    <message>
        <source>The makers recalled it, and nothing from before may be gone back to.</source>
        <translation>Die Hersteller haben sie zurückgerufen, und zu keiner früheren darf es zurückgehen.</translation>
    </message>
    <message>
        <source>The makers recalled it.</source>
        <translation>Die Hersteller haben sie zurückgerufen.</translation>
    </message>
    <message>
        <source>The makers withdrew it.</source>
        <translation>Die Hersteller haben sie zurückgezogen.</translation>
    </message>
    <message>
        <source>The same files are in use and may do less; only files of its own could be tried out with more.</source>
        <translation>Dieselben Dateien sind in Gebrauch und dürfen weniger; mit mehr ließen sich nur eigene Dateien ausprobieren.</translation>
    </message>
    <message>
        <source>The version in use could not read pieces that are there and whole.</source>
        <translation>Die jetzige Version konnte Stücke nicht lesen, die da und unversehrt sind.</translation>
    </message>
    <message>
        <source>The way back could not be shown. {reason}</source>
        <translation>Der Weg zurück ließ sich nicht zeigen. {reason}</translation>
    </message>
    <message>
        <source>The way back is not open: {missing} of {count} pieces missing, {bad} damaged.</source>
        <translation>Der Weg zurück ist nicht offen: {missing} von {count} Stücken fehlen, {bad} sind beschädigt.</translation>
    </message>
    <message>
        <source>This computer has not met its neighbours yet.</source>
        <translation>Dieser Computer kennt seine Nachbarn noch nicht.</translation>
    </message>
    <message>
        <source>This computer has run out of memory.</source>
        <translation>Diesem Computer ist der Arbeitsspeicher ausgegangen.</translation>
    </message>
    <message>
        <source>This program is too old, or too new, to try it out.</source>
        <translation>Dieses Programm ist zu alt oder zu neu, um sie auszuprobieren.</translation>
    </message>
    <message>
        <source>Too few neighbours have shown the makers&apos; newest word yet.</source>
        <translation>Noch haben zu wenige Nachbarn das neueste Wort der Hersteller gezeigt.</translation>
    </message>
    <message>
        <source>Version {version} came first.</source>
        <translation>Die Version {version} ist ihr zuvorgekommen.</translation>
    </message>
    <message>
        <source>Version {version} has its turn first.</source>
        <translation>Zuerst ist die Version {version} an der Reihe.</translation>
    </message>
    <message>
        <source>What compares them failed {count} times.</source>
        <translation>Was die beiden vergleicht, ist {count} Mal ausgefallen.</translation>
    </message>
    <message>
        <source>What the makers say is too old, or contradicts itself.</source>
        <translation>Was die Hersteller sagen, ist zu alt oder widerspricht sich.</translation>
    </message>
    <message>
        <source>beside the best version of the last year</source>
        <translation>verglichen mit der besten Version des letzten Jahres</translation>
    </message>
    <message>
        <source>bytes sent</source>
        <translation>gesendete Daten</translation>
    </message>
    <message>
        <source>failed requests</source>
        <translation>misslungene Anfragen</translation>
    </message>
    <message>
        <source>growth of memory</source>
        <translation>Speicherzuwachs</translation>
    </message>
    <message>
        <source>it gave another computer {count} right answers where the version in use gave {need}</source>
        <translation>einem anderen Computer {count} richtige Antworten gegeben, die jetzige Version {need}</translation>
    </message>
    <message>
        <source>it gave away {count} pieces that it had taken in where the version in use gave {need}</source>
        <translation>{count} angenommene Stücke weggegeben, die jetzige Version {need}</translation>
    </message>
    <message>
        <source>it was not seen to pass on news from the makers</source>
        <translation>nicht gesehen, dass sie Neues von den Herstellern weitergibt</translation>
    </message>
    <message>
        <source>lately it did not pass on news from the makers</source>
        <translation>zuletzt Neues von den Herstellern nicht weitergegeben</translation>
    </message>
    <message>
        <source>memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>processor time</source>
        <translation>Rechenzeit</translation>
    </message>
    <message>
        <source>request time</source>
        <translation>Antwortzeit</translation>
    </message>
    <message>
        <source>slowest requests</source>
        <translation>langsamste Antworten</translation>
    </message>
    <message>
        <source>{first} Then: {reason}</source>
        <translation>{first} Dann: {reason}</translation>
    </message>
    <message>
        <source>{have} of {need} checked reads</source>
        <translation>{have} von {need} geprüften Abfragen</translation>
    </message>
    <message>
        <source>{have} of {need} comparisons</source>
        <translation>{have} von {need} Vergleichen</translation>
    </message>
    <message>
        <source>{have} of {need} neighbours rated it</source>
        <translation>{have} von {need} Nachbarn haben sie bewertet</translation>
    </message>
    <message>
        <source>{have} of {need} pieces to read</source>
        <translation>{have} von {need} Stücken zum Lesen</translation>
    </message>
    <message>
        <source>{have} of {need} restarts</source>
        <translation>{have} von {need} Neustarts</translation>
    </message>
    <message>
        <source>{names} lately worse</source>
        <translation>zuletzt schlechter: {names}</translation>
    </message>
    <message>
        <source>{names} still undecided</source>
        <translation>noch offen: {names}</translation>
    </message>
    <message>
        <source>{reason} It begins anew.</source>
        <translation>{reason} Es beginnt von vorn.</translation>
    </message>
</context>
<context>
    <name>refusals</name>
    <message>
        <source>A limit of the line is 0 (none) or between {least} and {most} a second: with less, no piece would pass in the time that others wait for it.</source>
        <translation>Eine Grenze der Leitung ist 0 (keine) oder liegt zwischen {least} und {most} je Sekunde: Mit weniger käme kein Stück in der Zeit durch, die andere darauf warten.</translation>
    </message>
    <message>
        <source>A practice home does not start when you log in.</source>
        <translation>Ein Übungsbeet startet nicht beim Anmelden.</translation>
    </message>
    <message numerus="yes">
        <source>Kept: Perennial tries to meet %n computer(s) of this invitation when it is started; one that is older than about a day may lead to nobody.</source>
        <translation>
            <numerusform>Aufgehoben: Perennial sucht %n Computer aus dieser Einladung, sobald es gestartet wird; eine, die älter als etwa ein Tag ist, führt vielleicht zu niemandem.</numerusform>
            <numerusform>Aufgehoben: Perennial sucht %n Computer aus dieser Einladung, sobald es gestartet wird; eine, die älter als etwa ein Tag ist, führt vielleicht zu niemandem.</numerusform>
        </translation>
    </message>
    <message>
        <source>Perennial already runs on {path} (process {pid}).</source>
        <translation>Perennial läuft schon in {path} (Prozess {pid}).</translation>
    </message>
    <message>
        <source>Perennial already runs on {path}.</source>
        <translation>Perennial läuft schon in {path}.</translation>
    </message>
    <message>
        <source>Perennial answers to localhost and 127.0.0.1 with its number, and to no other name.</source>
        <translation>Perennial antwortet auf localhost und 127.0.0.1 mit seiner Nummer und auf keinen anderen Namen.</translation>
    </message>
    <message>
        <source>Perennial did not answer within {within} seconds.</source>
        <translation>Perennial hat binnen {within} Sekunden nicht geantwortet.</translation>
    </message>
    <message>
        <source>Perennial does not know yet where it can be reached, so there is nobody to invite to; try again soon.</source>
        <translation>Perennial weiß noch nicht, wo es zu erreichen ist; darum lässt sich noch niemand einladen. Bitte bald noch einmal versuchen.</translation>
    </message>
    <message>
        <source>Perennial does not run on {path}.</source>
        <translation>In {path} läuft Perennial nicht.</translation>
    </message>
    <message>
        <source>Perennial gave an answer that does not belong to the question.</source>
        <translation>Perennial hat etwas geantwortet, das nicht zur Frage gehört.</translation>
    </message>
    <message>
        <source>Perennial is not running at the moment; it is being started.</source>
        <translation>Perennial läuft im Augenblick nicht; es wird gestartet.</translation>
    </message>
    <message numerus="yes">
        <source>Perennial now tries to meet %n computer(s) of this invitation, now and at its next start; one that is older than about a day may lead to nobody.</source>
        <translation>
            <numerusform>Perennial sucht %n Computer aus dieser Einladung, jetzt und beim nächsten Start; eine, die älter als etwa ein Tag ist, führt vielleicht zu niemandem.</numerusform>
            <numerusform>Perennial sucht %n Computer aus dieser Einladung, jetzt und beim nächsten Start; eine, die älter als etwa ein Tag ist, führt vielleicht zu niemandem.</numerusform>
        </translation>
    </message>
    <message>
        <source>Port {port} of this computer cannot be had: {why}; name another one.</source>
        <translation>Der Port {port} dieses Computers ist nicht zu haben: {why}; bitte einen anderen nennen.</translation>
    </message>
    <message>
        <source>Something went wrong inside; the log says what.</source>
        <translation>Innen ging etwas schief; was, steht im Protokoll.</translation>
    </message>
    <message>
        <source>The disk limit is larger than the disk, which holds {disk}.</source>
        <translation>Die Grenze ist größer als die Festplatte, die {disk} fasst.</translation>
    </message>
    <message>
        <source>Perennial gave an answer that is not understood; perhaps it runs in another version. Quit Perennial and start it again.</source>
        <translation>Perennial hat etwas geantwortet, das nicht zu verstehen ist; vielleicht läuft eine andere Version. Bitte Perennial beenden und wieder starten.</translation>
    </message>
    <message>
        <source>Perennial has so many pieces to store or fetch that this one has to wait.</source>
        <translation>Perennial hat so viele Stücke zu speichern oder zu holen, dass dieses warten muss.</translation>
    </message>
    <message>
        <source>The disk limit must be between {least} and {most}.</source>
        <translation>Die Grenze für die Festplatte muss zwischen {least} und {most} liegen.</translation>
    </message>
    <message>
        <source>The disk on which {path} lies cannot hold a home: it keeps no permissions or knows no sockets, as exFAT, NTFS and many network disks. Choose a folder on a disk that is formatted for this system.</source>
        <translation>Auf der Festplatte von {path} kann Perennial nicht liegen: Sie bewahrt keine Zugriffsrechte oder kennt keine Sockets, wie exFAT, NTFS und viele Netzlaufwerke. Bitte einen Ordner auf einer Festplatte wählen, die für dieses System formatiert ist.</translation>
    </message>
    <message>
        <source>The hours are some of 0 to 23, each once and in order, and at least one; to stop for longer, pause.</source>
        <translation>Die Stunden sind einige von 0 bis 23, jede einmal und der Reihe nach, mindestens eine; wer länger anhalten will, pausiert.</translation>
    </message>
    <message>
        <source>The keyring holds something else than a key under the name {name}.</source>
        <translation>Im Schlüsselbund liegt unter dem Namen {name} etwas anderes als ein Schlüssel.</translation>
    </message>
    <message>
        <source>The keyring of this system did not answer within {within} seconds.</source>
        <translation>Der Schlüsselbund dieses Systems hat binnen {within} Sekunden nicht geantwortet.</translation>
    </message>
    <message>
        <source>The keyring of this system did not answer within {within} seconds; unlock it and start again.</source>
        <translation>Der Schlüsselbund dieses Systems hat binnen {within} Sekunden nicht geantwortet; bitte entsperren und noch einmal starten.</translation>
    </message>
    <message>
        <source>The keyring of this system refused: {why}.</source>
        <translation>Der Schlüsselbund dieses Systems weigert sich: {why}.</translation>
    </message>
    <message>
        <source>The path {path} holds characters that not every program can write, so no home can lie there; choose another folder.</source>
        <translation>Der Pfad {path} enthält Zeichen, die nicht jedes Programm schreiben kann; dort kann Perennial nicht liegen. Bitte einen anderen Ordner wählen.</translation>
    </message>
    <message>
        <source>The path {path} is too long for a home: at most {most} bytes.</source>
        <translation>Der Pfad {path} ist zu lang: höchstens {most} Bytes.</translation>
    </message>
    <message>
        <source>The port of the local API is 0 (none) or between {least} and {most}.</source>
        <translation>Der Port der lokalen API ist 0 (keiner) oder liegt zwischen {least} und {most}.</translation>
    </message>
    <message>
        <source>The private key of the home {path} is gone; without it this computer is a stranger to the others. If no backup brings it back, type perennial leave --give-back in a terminal; the next start begins anew.</source>
        <translation>Der private Schlüssel zu {path} ist fort; ohne ihn ist dieser Computer den anderen fremd. Bringt ihn keine Sicherung zurück, geben Sie in einem Terminal perennial leave --give-back ein; der nächste Start beginnt von vorn.</translation>
    </message>
    <message>
        <source>The request is malformed: {why}.</source>
        <translation>Die Anfrage ist nicht zu verstehen: {why}.</translation>
    </message>
    <message>
        <source>The request is too large: at most {most} bytes.</source>
        <translation>Die Anfrage ist zu groß: höchstens {most} Bytes.</translation>
    </message>
    <message>
        <source>The settings could not be saved in {path}: {why}.</source>
        <translation>Die Einstellungen ließen sich nicht in {path} speichern: {why}.</translation>
    </message>
    <message>
        <source>The version in use cannot do this.</source>
        <translation>Die jetzige Version kann das nicht.</translation>
    </message>
    <message>
        <source>There is no Perennial home at {path} yet.</source>
        <translation>In {path} gibt es noch keinen Ordner von Perennial.</translation>
    </message>
    <message>
        <source>This copy of Perennial was made for no network; bring the file of one.</source>
        <translation>Diese Kopie von Perennial ist für kein Netz gemacht; bitte die Datei eines Netzes mitbringen.</translation>
    </message>
    <message>
        <source>This invitation is mistyped or incomplete; copy it once more.</source>
        <translation>Diese Einladung ist vertippt oder unvollständig; bitte noch einmal kopieren.</translation>
    </message>
    <message>
        <source>This invitation is of a newer version of Perennial than this one reads.</source>
        <translation>Diese Einladung stammt von einer neueren Version von Perennial, als diese liest.</translation>
    </message>
    <message>
        <source>This invitation is of an older version of Perennial than this one reads.</source>
        <translation>Diese Einladung stammt von einer älteren Version von Perennial, als diese liest.</translation>
    </message>
    <message>
        <source>This invitation is to another network than the one of this home, which stays in its own.</source>
        <translation>Diese Einladung ist in ein anderes Netz als das dieses Ordners, der in seinem bleibt.</translation>
    </message>
    <message>
        <source>This invitation names addresses of local networks alone, so nobody comes by it from the internet. Let somebody write it whose computer has a public address; or, if your router passes UDP port {port} on to this computer, name the router&apos;s public address: perennial invite --at ADDRESS.</source>
        <translation>Diese Einladung nennt nur Adressen lokaler Netze; aus dem Internet kommt durch sie niemand. Lassen Sie sie von jemandem schreiben, dessen Computer eine öffentliche Adresse hat; oder nennen Sie, wenn Ihr Router den UDP-Port {port} an diesen Computer weiterleitet, die öffentliche Adresse des Routers: perennial invite --at ADRESSE.</translation>
    </message>
    <message>
        <source>This is no invitation: one starts with {prefix}.</source>
        <translation>Das ist keine Einladung: Eine beginnt mit {prefix}.</translation>
    </message>
    <message>
        <source>This is the invitation of this home itself; give it to others, or take one of theirs.</source>
        <translation>Das ist die eigene Einladung; sie ist für andere, und hier hilft eine von ihnen.</translation>
    </message>
    <message>
        <source>This is too long for an invitation, which has at most {most} characters.</source>
        <translation>Das ist zu lang für eine Einladung, die höchstens {most} Zeichen hat.</translation>
    </message>
    <message>
        <source>This system offers no keyring that encrypts, so the private key cannot be kept.</source>
        <translation>Dieses System hat keinen verschlüsselten Schlüsselbund; darum lässt sich der private Schlüssel nicht aufbewahren.</translation>
    </message>
    <message>
        <source>This window&apos;s key to Perennial does not fit: it is new at every start. It is tried again by itself.</source>
        <translation>Der Zugang dieses Fensters zu Perennial passt nicht: Er ist bei jedem Start neu. Das Fenster versucht es von selbst wieder.</translation>
    </message>
    <message>
        <source>Updates have stopped because of a fault in Perennial; your pieces are served as before. Quit it and start it again, and they go on.</source>
        <translation>Neue Versionen sind wegen eines Fehlers in Perennial angehalten; Ihre Stücke bleiben verfügbar wie bisher. Perennial beenden und wieder starten, dann geht es weiter.</translation>
    </message>
    <message>
        <source>Updates wait, because what was kept of them cannot be read; your pieces are served as before. Whoever helps you needs the diagnostics file, which Help saves.</source>
        <translation>Neue Versionen warten, weil nicht zu lesen ist, was davon aufbewahrt wurde; Ihre Stücke bleiben verfügbar wie bisher. Wer Ihnen hilft, braucht die Diagnosedatei, die sich unter Hilfe speichern lässt.</translation>
    </message>
    <message>
        <source>Updates wait for the disk: {why}. As soon as it takes something again they go on by themselves.</source>
        <translation>Neue Versionen warten auf die Festplatte: {why}. Sobald sie wieder etwas annimmt, geht es von selbst weiter.</translation>
    </message>
    <message>
        <source>Web pages may not ask Perennial.</source>
        <translation>Webseiten dürfen Perennial nichts fragen.</translation>
    </message>
    <message>
        <source>Where there is no keyring, choose another place for the key.</source>
        <translation>Wo es keinen Schlüsselbund gibt, bitte einen anderen Ort für den Schlüssel wählen.</translation>
    </message>
    <message>
        <source>Whether Perennial starts when you log in could not be changed in {path}: {why}.</source>
        <translation>Ob Perennial beim Anmelden startet, ließ sich in {path} nicht ändern: {why}.</translation>
    </message>
    <message>
        <source>{address} is in use by another program, so this computer cannot be reached there.</source>
        <translation>{address} gehört einem anderen Programm; dort ist dieser Computer nicht zu erreichen.</translation>
    </message>
    <message>
        <source>{address} is not the IP address of a computer that others could dial.</source>
        <translation>{address} ist nicht die IP-Adresse eines Computers, den andere anwählen könnten.</translation>
    </message>
    <message>
        <source>{name} could not be understood ({why}) and lies in {aside} now; the disk limit is {quota} until you set it.</source>
        <translation>{name} war nicht zu verstehen ({why}) und liegt jetzt in {aside}; die Grenze für die Festplatte ist {quota}, bis Sie sie setzen.</translation>
    </message>
    <message>
        <source>{path} belongs to another user, so it cannot be your Perennial home.</source>
        <translation>{path} gehört einem anderen Benutzer und kann darum nicht Ihr Ordner von Perennial sein.</translation>
    </message>
    <message>
        <source>{path} cannot be entered: {why}.</source>
        <translation>{path} ist nicht zu betreten: {why}.</translation>
    </message>
    <message>
        <source>{path} cannot be read ({why}); the disk limit is {quota} until you set it.</source>
        <translation>{path} ist nicht zu lesen ({why}); die Grenze für die Festplatte ist {quota}, bis Sie sie setzen.</translation>
    </message>
    <message>
        <source>{path} cannot be used: {why}.</source>
        <translation>{path} lässt sich nicht benutzen: {why}.</translation>
    </message>
    <message>
        <source>{path} is a Perennial home already.</source>
        <translation>{path} ist schon ein Ordner von Perennial.</translation>
    </message>
    <message>
        <source>{path} is a Perennial home whose making was interrupted; make it again.</source>
        <translation>{path} ist ein unfertiger Ordner von Perennial; bitte noch einmal anlegen.</translation>
    </message>
    <message>
        <source>{path} is a home of another network, and a home never changes its network; choose another folder.</source>
        <translation>{path} gehört zu einem anderen Netz, und ein Ordner wechselt sein Netz nie; bitte einen anderen wählen.</translation>
    </message>
    <message>
        <source>{path} is damaged: {why}.</source>
        <translation>{path} ist beschädigt: {why}.</translation>
    </message>
    <message>
        <source>{path} is missing; the disk limit is {quota} until you set it.</source>
        <translation>{path} fehlt; die Grenze für die Festplatte ist {quota}, bis Sie sie setzen.</translation>
    </message>
    <message>
        <source>{path} is not a Perennial home: it holds other files and no home.json.</source>
        <translation>{path} ist kein Ordner von Perennial: Darin liegen andere Dateien und kein home.json.</translation>
    </message>
    <message>
        <source>{path} is not a folder.</source>
        <translation>{path} ist kein Ordner.</translation>
    </message>
    <message>
        <source>{path} is not the file of a network: {why}.</source>
        <translation>{path} ist nicht die Datei eines Netzes: {why}.</translation>
    </message>
    <message>
        <source>{path} is not the file of the network with which this home was made.</source>
        <translation>{path} ist nicht die Datei des Netzes, mit der dieser Ordner angelegt wurde.</translation>
    </message>
    <message>
        <source>{path} is the file of another network than the fingerprint says; nothing was made. Ask where both come from.</source>
        <translation>{path} ist die Datei eines anderen Netzes, als der Fingerabdruck sagt; nichts wurde angelegt. Bitte nachfragen, woher beide stammen.</translation>
    </message>
    <message>
        <source>{path} is the key of another home, and two computers must not run with one key.</source>
        <translation>{path} ist der Schlüssel eines anderen Ordners, und zwei Computer dürfen nicht mit einem Schlüssel laufen.</translation>
    </message>
    <message>
        <source>{path} was made by a newer version of Perennial, which this one cannot read.</source>
        <translation>{path} stammt von einer neueren Version von Perennial; diese kann es nicht lesen.</translation>
    </message>
    <message>
        <source>{path}: {why}.</source>
        <translation>{path}: {why}.</translation>
    </message>
    <message>
        <source>{port} is no port; one is between 1 and 65535, and 0 switches it off.</source>
        <translation>{port} ist kein Port; einer liegt zwischen 1 und 65535, und 0 schaltet ihn ab.</translation>
    </message>
</context>
<context>
    <name>releases</name>
    <message numerus="yes">
        <source>%n maker(s) signed it, {needed} must.</source>
        <translation>
            <numerusform>%n Hersteller hat unterschrieben, {needed} müssen es.</numerusform>
            <numerusform>%n Hersteller haben unterschrieben, {needed} müssen es.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n neighbour(s) rated it</source>
        <translation>
            <numerusform>%n Nachbar hat sie bewertet</numerusform>
            <numerusform>%n Nachbarn haben sie bewertet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n piece(s) checked</source>
        <translation>
            <numerusform>%n Stück geprüft</numerusform>
            <numerusform>%n Stücke geprüft</numerusform>
        </translation>
    </message>
    <message>
        <source>About {change}</source>
        <translation>Etwa {change}</translation>
    </message>
    <message>
        <source>Also measured</source>
        <translation>Außerdem gemessen</translation>
    </message>
    <message>
        <source>An offer</source>
        <translation>Ein Angebot</translation>
    </message>
    <message>
        <source>As soon as Perennial answers, its versions are listed here.</source>
        <translation>Sobald Perennial antwortet, stehen hier seine Versionen.</translation>
    </message>
    <message>
        <source>At first it is watched closely. If it fails, the version before it comes back by itself.</source>
        <translation>Am Anfang wird sie genau beobachtet. Versagt sie, kommt die vorige Version von selbst zurück.</translation>
    </message>
    <message>
        <source>At least {needed} are needed</source>
        <translation>Mindestens {needed} sind nötig</translation>
    </message>
    <message>
        <source>Being fetched</source>
        <translation>Wird geholt</translation>
    </message>
    <message>
        <source>Being tried out</source>
        <translation>Wird ausprobiert</translation>
    </message>
    <message>
        <source>Checked</source>
        <translation>Geprüft</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>Data sent</source>
        <translation>Gesendete Daten</translation>
    </message>
    <message>
        <source>Enough to go by</source>
        <translation>Genug für ein Urteil</translation>
    </message>
    <message>
        <source>Failed answers</source>
        <translation>Fehlgeschlagene Antworten</translation>
    </message>
    <message>
        <source>Going back</source>
        <translation>Geht zurück</translation>
    </message>
    <message>
        <source>Growth of memory</source>
        <translation>Speicherzuwachs</translation>
    </message>
    <message>
        <source>How long a trial takes is left to chance and known to nobody in advance, so there is nothing to count down.</source>
        <translation>Wie lange eine Probe dauert, bestimmt der Zufall; niemand weiß es vorher. Darum gibt es nichts herunterzuzählen.</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>In Gebrauch</translation>
    </message>
    <message>
        <source>It carries the signatures it needs.</source>
        <translation>Sie trägt die nötigen Unterschriften.</translation>
    </message>
    <message>
        <source>It carries the signatures it needs. Its files are fetched next.</source>
        <translation>Sie trägt die nötigen Unterschriften. Als Nächstes werden ihre Dateien geholt.</translation>
    </message>
    <message>
        <source>It comes from your neighbours, piece by piece, and each piece is checked.</source>
        <translation>Sie kommt Stück für Stück von Ihren Nachbarn, und jedes Stück wird geprüft.</translation>
    </message>
    <message>
        <source>It could not be proven here. Before it may take over all the same, it must give back every piece that it is given, and the version you use must find them too.</source>
        <translation>Ihre Güte ließ sich hier nicht beweisen. Bevor sie trotzdem übernehmen darf, muss sie jedes Stück zurückgeben, das sie bekommt, und auch die bisherige Version muss alle finden.</translation>
    </message>
    <message>
        <source>It did not do well while it was watched. The version before it takes over again.</source>
        <translation>Sie hat sich nicht bewährt, als sie beobachtet wurde. Die vorige Version übernimmt wieder.</translation>
    </message>
    <message>
        <source>It did well in its trial and took over at {moment}.</source>
        <translation>Sie hat sich in ihrer Probe bewährt und ist seither in Gebrauch ({moment}).</translation>
    </message>
    <message>
        <source>It did well. Before it may take over, the version you use must find every piece again that the new one kept.</source>
        <translation>Sie hat sich bewährt. Bevor sie übernehmen darf, muss die bisherige Version jedes Stück wiederfinden, das die neue aufbewahrt hat.</translation>
    </message>
    <message>
        <source>It is here, whole and checked. Its trial begins by itself.</source>
        <translation>Sie ist da, vollständig und geprüft. Ihre Probe beginnt von selbst.</translation>
    </message>
    <message>
        <source>It runs beside the version you use, {shut_off}. If it does well it takes over by itself; if not, it is thrown away. Your computer will not restart.</source>
        <translation>Sie läuft neben der jetzigen Version, {shut_off}. Bewährt sie sich, übernimmt sie von selbst; sonst wird sie verworfen. Ihr Computer startet nicht neu.</translation>
    </message>
    <message>
        <source>It took over at {moment} without a proof, as an exception.</source>
        <translation>Sie hat als Ausnahme ohne Beweis übernommen ({moment}).</translation>
    </message>
    <message>
        <source>It waits.</source>
        <translation>Sie wartet.</translation>
    </message>
    <message>
        <source>Its makers do not want it to be used any more. The version before it takes over again.</source>
        <translation>Ihre Hersteller wollen nicht mehr, dass sie benutzt wird. Die vorige Version übernimmt wieder.</translation>
    </message>
    <message>
        <source>Its papers are not in order.</source>
        <translation>Die Papiere sind nicht in Ordnung.</translation>
    </message>
    <message>
        <source>Just as fast</source>
        <translation>Genauso schnell</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>Neighbours</source>
        <translation>Nachbarn</translation>
    </message>
    <message>
        <source>New: {notes}</source>
        <translation>Neu: {notes}</translation>
    </message>
    <message>
        <source>No newer version is known. As nothing can be tried out on this computer, one is taken only when all others have had their turn and its makers have confirmed it once more.</source>
        <translation>Eine neuere Version ist nicht bekannt. Weil sich auf diesem Computer nichts ausprobieren lässt, wird eine erst genommen, wenn alle anderen an der Reihe waren und die Hersteller sie noch einmal bestätigt haben.</translation>
    </message>
    <message>
        <source>No newer version is known. When one comes, it is first tried out beside this one.</source>
        <translation>Eine neuere Version ist nicht bekannt. Kommt eine, wird sie zuerst neben dieser ausprobiert.</translation>
    </message>
    <message>
        <source>No version runs yet</source>
        <translation>Noch läuft keine Version</translation>
    </message>
    <message>
        <source>Nobody had rated it yet</source>
        <translation>Niemand hatte sie bewertet</translation>
    </message>
    <message>
        <source>Nobody has rated it yet</source>
        <translation>Noch hat niemand sie bewertet</translation>
    </message>
    <message>
        <source>None lost, none wrong</source>
        <translation>Keines verloren, keines falsch</translation>
    </message>
    <message>
        <source>Not known yet</source>
        <translation>Noch nicht bekannt</translation>
    </message>
    <message>
        <source>Not proven</source>
        <translation>Nicht bewiesen</translation>
    </message>
    <message>
        <source>Not proven good enough</source>
        <translation>Nicht nachweislich gut genug</translation>
    </message>
    <message>
        <source>Not tried out</source>
        <translation>Nicht ausprobiert</translation>
    </message>
    <message>
        <source>Nothing checked yet</source>
        <translation>Noch nichts geprüft</translation>
    </message>
    <message>
        <source>Nothing measured yet</source>
        <translation>Noch nichts gemessen</translation>
    </message>
    <message>
        <source>Nothing of it was fetched.</source>
        <translation>Nichts davon wurde geholt.</translation>
    </message>
    <message>
        <source>Nothing was checked</source>
        <translation>Nichts wurde geprüft</translation>
    </message>
    <message>
        <source>Perennial</source>
        <translation>Perennial</translation>
    </message>
    <message>
        <source>Probably at least {change}</source>
        <translation>Wahrscheinlich mindestens {change}</translation>
    </message>
    <message>
        <source>Probably {range}</source>
        <translation>Wahrscheinlich {range}</translation>
    </message>
    <message>
        <source>Processor time</source>
        <translation>Rechenzeit</translation>
    </message>
    <message>
        <source>Proven good enough</source>
        <translation>Nachweislich gut genug</translation>
    </message>
    <message>
        <source>Recalled</source>
        <translation>Zurückgerufen</translation>
    </message>
    <message>
        <source>Rehearsing</source>
        <translation>Übt</translation>
    </message>
    <message>
        <source>Show all {count}</source>
        <translation>Alle {count} zeigen</translation>
    </message>
    <message>
        <source>Signed by {signers}.</source>
        <translation>Unterschrieben von {signers}.</translation>
    </message>
    <message>
        <source>Slower than allowed</source>
        <translation>Langsamer als erlaubt</translation>
    </message>
    <message>
        <source>Slowest answers</source>
        <translation>Langsamste Antworten</translation>
    </message>
    <message>
        <source>So far about {change}</source>
        <translation>Bisher etwa {change}</translation>
    </message>
    <message>
        <source>So far just as fast</source>
        <translation>Bisher genauso schnell</translation>
    </message>
    <message>
        <source>So small a network needs no ratings</source>
        <translation>Ein so kleines Netz braucht keine Bewertungen</translation>
    </message>
    <message>
        <source>Speed, against the version in use</source>
        <translation>Tempo, verglichen mit der jetzigen Version</translation>
    </message>
    <message>
        <source>Still measuring</source>
        <translation>Misst noch</translation>
    </message>
    <message>
        <source>Taken back</source>
        <translation>Zurückgenommen</translation>
    </message>
    <message>
        <source>Takes over later</source>
        <translation>Übernimmt später</translation>
    </message>
    <message>
        <source>Taking over</source>
        <translation>Übernimmt</translation>
    </message>
    <message>
        <source>The makers recalled version {version}, and no version from before may take its place. It keeps serving until a newer one has proven itself.</source>
        <translation>Die Hersteller haben Version {version} zurückgerufen, und keine frühere darf an ihre Stelle treten. Sie arbeitet weiter, bis eine neuere sich bewährt hat.</translation>
    </message>
    <message>
        <source>The makers recalled version {version}. The one before came back by itself.</source>
        <translation>Die Hersteller haben Version {version} zurückgerufen. Die vorige kam von selbst zurück.</translation>
    </message>
    <message>
        <source>The version that this computer began with.</source>
        <translation>Die Version, mit der dieser Computer begonnen hat.</translation>
    </message>
    <message>
        <source>The way back from {version} is rehearsed</source>
        <translation>Der Rückweg von {version} wird geübt</translation>
    </message>
    <message>
        <source>The work is being handed over. Your computer will not restart.</source>
        <translation>Die Arbeit wird gerade übergeben. Ihr Computer startet nicht neu.</translation>
    </message>
    <message>
        <source>Thrown away</source>
        <translation>Verworfen</translation>
    </message>
    <message>
        <source>To take over it needed {needed}</source>
        <translation>Zum Übernehmen waren {needed} nötig</translation>
    </message>
    <message>
        <source>Too little to tell</source>
        <translation>Zu wenig für ein Urteil</translation>
    </message>
    <message>
        <source>Took over</source>
        <translation>Hat übernommen</translation>
    </message>
    <message>
        <source>Tried out</source>
        <translation>Ausprobiert</translation>
    </message>
    <message>
        <source>Turned away</source>
        <translation>Abgewiesen</translation>
    </message>
    <message>
        <source>Updates wait</source>
        <translation>Neue Versionen warten</translation>
    </message>
    <message>
        <source>Urgent: its trial is short.</source>
        <translation>Dringend: ihre Probe ist kurz.</translation>
    </message>
    <message>
        <source>Usual answer</source>
        <translation>Übliche Antwort</translation>
    </message>
    <message>
        <source>Version {version} could not prove itself. {why} The version you use was kept.</source>
        <translation>Version {version} konnte sich nicht beweisen. {why} Die bisherige Version ist geblieben.</translation>
    </message>
    <message>
        <source>Version {version} has the very files that were in use already.</source>
        <translation>Version {version} besteht aus genau den Dateien, die schon in Gebrauch waren.</translation>
    </message>
    <message>
        <source>Taking over took too long; your computer may have been busy. It is tried again at {moment}. Until then the version you use goes on.</source>
        <translation>Die Übernahme dauerte zu lange; vielleicht war Ihr Computer beschäftigt. Um {moment} wird sie noch einmal versucht. Bis dahin läuft die jetzige Version weiter.</translation>
    </message>
    <message>
        <source>Version {version} is being fetched</source>
        <translation>Version {version} wird geholt</translation>
    </message>
    <message>
        <source>Version {version} is being taken back</source>
        <translation>Version {version} wird zurückgenommen</translation>
    </message>
    <message>
        <source>Version {version} is being tried out</source>
        <translation>Version {version} wird ausprobiert</translation>
    </message>
    <message>
        <source>Version {version} is taking over</source>
        <translation>Version {version} übernimmt gerade</translation>
    </message>
    <message>
        <source>Version {version} took over</source>
        <translation>Version {version} hat übernommen</translation>
    </message>
    <message>
        <source>Version {version} took over and did not do well. {why} The one before came back by itself.</source>
        <translation>Version {version} hat übernommen und sich nicht bewährt. {why} Die vorige kam von selbst zurück.</translation>
    </message>
    <message>
        <source>Version {version} waits for its trial</source>
        <translation>Version {version} wartet auf ihre Probe</translation>
    </message>
    <message>
        <source>Version {version} waits to take over</source>
        <translation>Version {version} wartet darauf zu übernehmen</translation>
    </message>
    <message>
        <source>Version {version} was announced</source>
        <translation>Version {version} ist angekündigt</translation>
    </message>
    <message>
        <source>Version {version} was recalled</source>
        <translation>Version {version} wurde zurückgerufen</translation>
    </message>
    <message>
        <source>Version {version} was thrown away. {why} Nothing changed for you.</source>
        <translation>Version {version} wurde verworfen. {why} Für Sie hat sich nichts geändert.</translation>
    </message>
    <message>
        <source>Versions so far</source>
        <translation>Bisherige Versionen</translation>
    </message>
    <message>
        <source>Watched until {moment}.</source>
        <translation>Beobachtet bis {moment}.</translation>
    </message>
    <message>
        <source>What has been seen so far</source>
        <translation>Was bisher zu sehen war</translation>
    </message>
    <message>
        <source>What is new, in its makers&apos; words</source>
        <translation>Was neu ist, in den Worten der Hersteller</translation>
    </message>
    <message>
        <source>What was seen of {version}</source>
        <translation>Was von {version} zu sehen war</translation>
    </message>
    <message>
        <source>You are using {version}</source>
        <translation>In Gebrauch ist {version}</translation>
    </message>
    <message>
        <source>as an exception</source>
        <translation>als Ausnahme</translation>
    </message>
    <message>
        <source>at {moment}</source>
        <translation>{moment}</translation>
    </message>
    <message>
        <source>between {one} and {other}</source>
        <translation>zwischen {one} und {other}</translation>
    </message>
    <message>
        <source>comes next</source>
        <translation>kommt als Nächstes</translation>
    </message>
    <message>
        <source>did not do well</source>
        <translation>nicht bewährt</translation>
    </message>
    <message>
        <source>far {more}</source>
        <translation>weit {more}</translation>
    </message>
    <message>
        <source>faster</source>
        <translation>schneller</translation>
    </message>
    <message>
        <source>for {lasted}</source>
        <translation>{lasted} lang</translation>
    </message>
    <message>
        <source>less</source>
        <translation>weniger</translation>
    </message>
    <message>
        <source>limit: {share} slower</source>
        <translation>Grenze: {share} langsamer</translation>
    </message>
    <message>
        <source>more</source>
        <translation>mehr</translation>
    </message>
    <message>
        <source>now: {version}</source>
        <translation>jetzt: {version}</translation>
    </message>
    <message>
        <source>partly shut off from the rest of this computer</source>
        <translation>vom übrigen Computer teilweise abgeschirmt</translation>
    </message>
    <message>
        <source>same</source>
        <translation>gleich</translation>
    </message>
    <message>
        <source>shut off from your files</source>
        <translation>ohne Zugang zu Ihren Dateien</translation>
    </message>
    <message>
        <source>signatures checked</source>
        <translation>Unterschriften geprüft</translation>
    </message>
    <message numerus="yes">
        <source>signed by %n maker(s)</source>
        <translation>
            <numerusform>unterschrieben von %n Hersteller</numerusform>
            <numerusform>unterschrieben von %n Herstellern</numerusform>
        </translation>
    </message>
    <message>
        <source>since {moment}</source>
        <translation>seit {moment}</translation>
    </message>
    <message>
        <source>slower</source>
        <translation>langsamer</translation>
    </message>
    <message>
        <source>still: {version}</source>
        <translation>weiterhin: {version}</translation>
    </message>
    <message>
        <source>the same</source>
        <translation>gleich</translation>
    </message>
    <message>
        <source>the same files</source>
        <translation>dieselben Dateien</translation>
    </message>
    <message>
        <source>the way back</source>
        <translation>den Rückweg</translation>
    </message>
    <message>
        <source>up to {most}</source>
        <translation>bis zu {most}</translation>
    </message>
    <message>
        <source>watched closely</source>
        <translation>genau beobachtet</translation>
    </message>
    <message>
        <source>watched until {moment}</source>
        <translation>beobachtet bis {moment}</translation>
    </message>
    <message>
        <source>which cannot be shut off from your files on this computer</source>
        <translation>die auf diesem Computer nicht von Ihren Dateien abgeschirmt werden kann</translation>
    </message>
    <message>
        <source>{count} lost</source>
        <translation>{count} verloren</translation>
    </message>
    <message>
        <source>{count} wrong</source>
        <translation>{count} falsch</translation>
    </message>
    <message>
        <source>{place} of 3: {word}, {under}</source>
        <translation>{place} von 3: {word}, {under}</translation>
    </message>
    <message>
        <source>{share} %</source>
        <translation>{share} %</translation>
    </message>
    <message>
        <source>{size} fetched.</source>
        <translation>{size} geholt.</translation>
    </message>
    <message>
        <source>{small} to {large} {less}</source>
        <translation>{small} bis {large} {less}</translation>
    </message>
    <message>
        <source>{times} times as much</source>
        <translation>{times}-mal so viel</translation>
    </message>
    <message>
        <source>{times} times as slow</source>
        <translation>{times}-mal so langsam</translation>
    </message>
</context>
<context>
    <name>resources</name>
    <message>
        <source>A practice network ends when you quit</source>
        <translation>Ein Übungsnetz endet beim Beenden</translation>
    </message>
    <message>
        <source>A practice network never holds back</source>
        <translation>Ein Übungsnetz hält sich nie zurück</translation>
    </message>
    <message>
        <source>A practice network never pauses by itself</source>
        <translation>Ein Übungsnetz pausiert nie von selbst</translation>
    </message>
    <message>
        <source>Click an hour to change it; or go there with the arrows and press space.</source>
        <translation>Ein Klick auf eine Stunde ändert sie; oder mit den Pfeilen hingehen und die Leertaste drücken.</translation>
    </message>
    <message>
        <source>Disk space to lend</source>
        <translation>Platz, den Sie verleihen</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Empfangen</translation>
    </message>
    <message>
        <source>Good news too, at most once a week</source>
        <translation>Auch Gutes, höchstens einmal in der Woche</translation>
    </message>
    <message>
        <source>Helps all day.</source>
        <translation>Hilft den ganzen Tag.</translation>
    </message>
    <message>
        <source>Helps at no hour of the day.</source>
        <translation>Hilft zu keiner Stunde des Tages.</translation>
    </message>
    <message>
        <source>Helps from {spans}.</source>
        <translation>Hilft von {spans} Uhr.</translation>
    </message>
    <message>
        <source>Hours of the day</source>
        <translation>Stunden des Tages</translation>
    </message>
    <message>
        <source>How much is free on this disk is not known now.</source>
        <translation>Wie viel auf dieser Festplatte frei ist, ist gerade nicht bekannt.</translation>
    </message>
    <message>
        <source>It helps only after you have started it</source>
        <translation>Es hilft erst, wenn es gestartet wurde</translation>
    </message>
    <message>
        <source>It helps without being asked</source>
        <translation>Es hilft, ohne gebeten zu werden</translation>
    </message>
    <message>
        <source>Leaves you {free} of this disk.</source>
        <translation>Ihnen bleiben {free} auf dieser Festplatte.</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Meldungen</translation>
    </message>
    <message>
        <source>Never</source>
        <translation>Nie</translation>
    </message>
    <message>
        <source>Nobody works here now</source>
        <translation>Gerade arbeitet hier niemand</translation>
    </message>
    <message>
        <source>Nothing answers now, so nothing can be changed. As soon as it does, this page comes back to life.</source>
        <translation>Im Augenblick antwortet nichts, darum lässt sich nichts ändern. Sobald sich das ändert, lebt diese Seite wieder auf.</translation>
    </message>
    <message>
        <source>On battery now</source>
        <translation>Läuft gerade mit Akku</translation>
    </message>
    <message>
        <source>Only when I must do something</source>
        <translation>Nur wenn ich etwas tun muss</translation>
    </message>
    <message>
        <source>Pause on a metered connection</source>
        <translation>Pause, wenn die Verbindung nach Menge kostet</translation>
    </message>
    <message>
        <source>Pause on battery</source>
        <translation>Pause im Akkubetrieb</translation>
    </message>
    <message>
        <source>Plugged in now</source>
        <translation>Gerade am Netzteil</translation>
    </message>
    <message>
        <source>Start when I log in</source>
        <translation>Beim Anmelden starten</translation>
    </message>
    <message>
        <source>This computer does not say what its connection costs</source>
        <translation>Dieser Computer sagt nicht, was seine Verbindung kostet</translation>
    </message>
    <message>
        <source>This computer does not say whether somebody works at it</source>
        <translation>Dieser Computer sagt nicht, ob jemand an ihm arbeitet</translation>
    </message>
    <message>
        <source>This computer has no battery, or does not say</source>
        <translation>Dieser Computer hat keinen Akku oder sagt es nicht</translation>
    </message>
    <message>
        <source>This connection is metered</source>
        <translation>Diese Verbindung kostet nach Menge</translation>
    </message>
    <message>
        <source>This connection is not metered</source>
        <translation>Diese Verbindung kostet nicht nach Menge</translation>
    </message>
    <message>
        <source>Upload</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Use less while I am working</source>
        <translation>Weniger nutzen, während ich arbeite</translation>
    </message>
    <message>
        <source>What is set is not known yet.</source>
        <translation>Was eingestellt ist, ist noch nicht bekannt.</translation>
    </message>
    <message>
        <source>What you lend, and when. Your own work always comes first.</source>
        <translation>Was Sie verleihen und wann. Ihre eigene Arbeit geht immer vor.</translation>
    </message>
    <message>
        <source>You are working now</source>
        <translation>Sie arbeiten gerade</translation>
    </message>
    <message>
        <source>You are working now: it is holding back</source>
        <translation>Sie arbeiten gerade: es hält sich zurück</translation>
    </message>
    <message>
        <source>at most {rate} per second</source>
        <translation>höchstens {rate}/s</translation>
    </message>
    <message>
        <source>does not help</source>
        <translation>hilft nicht</translation>
    </message>
    <message>
        <source>helps</source>
        <translation>hilft</translation>
    </message>
    <message>
        <source>no limit</source>
        <translation>keine Grenze</translation>
    </message>
    <message>
        <source>now {used} in use</source>
        <translation>jetzt {used} belegt</translation>
    </message>
    <message>
        <source>shrinking {used} → {quota}</source>
        <translation>wird kleiner: {used} → {quota}</translation>
    </message>
    <message>
        <source>{begin}:00 to {end}:00</source>
        <translation>{begin} bis {end}</translation>
    </message>
    <message>
        <source>{over} of what is kept here go to other computers first, then the room is yours again.</source>
        <translation>{over} von dem, was hier liegt, gehen erst an andere Computer, dann gehört der Platz wieder Ihnen.</translation>
    </message>
    <message>
        <source>{span}: {what}</source>
        <translation>{span} Uhr: {what}</translation>
    </message>
</context>
<context>
    <name>rollout</name>
    <message>
        <source>Because of that its trial here lasts twice as long.</source>
        <translation>Darum dauert ihre Probe hier doppelt so lange.</translation>
    </message>
    <message>
        <source>Computers take turns, so that a fault meets a few first: group {open_group} of {groups} has its turn now, this computer is in group {own_group}.</source>
        <translation>Die Computer wechseln sich ab, damit ein Fehler erst wenige trifft: Gruppe {open_group} von {groups} ist jetzt an der Reihe, dieser Computer gehört zu Gruppe {own_group}.</translation>
    </message>
    <message>
        <source>Every computer may try it out now.</source>
        <translation>Jeder Computer darf sie jetzt ausprobieren.</translation>
    </message>
    <message>
        <source>It is this computer&apos;s turn.</source>
        <translation>Dieser Computer ist an der Reihe.</translation>
    </message>
    <message>
        <source>Its makers call it urgent, so it is tried out for hours instead of days.</source>
        <translation>Ihre Hersteller nennen sie dringend; darum wird sie Stunden statt Tage ausprobiert.</translation>
    </message>
    <message numerus="yes">
        <source>Of %n other computer(s) that tried it out, {good} found it good and {bad} bad.</source>
        <translation>
            <numerusform>Von %n anderen Computer, der sie ausprobiert hat, fand {good} sie gut und {bad} schlecht.</numerusform>
            <numerusform>Von %n anderen Computern, die sie ausprobiert haben, fanden {good} sie gut und {bad} schlecht.</numerusform>
        </translation>
    </message>
    <message>
        <source>Others found fault with it, so it waits here for at most {lasts} more.</source>
        <translation>Andere hatten etwas an ihr auszusetzen; darum wartet sie hier noch, aber nicht länger als {lasts}.</translation>
    </message>
    <message>
        <source>Version {version} has its turn after it.</source>
        <translation>Danach ist die Version {version} an der Reihe.</translation>
    </message>
</context>
<context>
    <name>sandbox</name>
    <message>
        <source>A test could do what it should not: {what}.</source>
        <translation>Eine Probe konnte tun, was sie nicht sollte: {what}.</translation>
    </message>
    <message>
        <source>A test could not do what it should: {what}.</source>
        <translation>Eine Probe konnte nicht tun, was sie sollte: {what}.</translation>
    </message>
    <message>
        <source>Files and other programs of your account stay open to it.</source>
        <translation>Dateien und andere Programme Ihres Kontos bleiben ihm offen.</translation>
    </message>
    <message>
        <source>It could connect to other computers by TCP, too.</source>
        <translation>Es könnte sich auch über TCP mit anderen Computern verbinden.</translation>
    </message>
    <message>
        <source>It could not be barred from gaining powers ({why}).</source>
        <translation>Es ließ sich nicht daran hindern, Rechte zu erlangen ({why}).</translation>
    </message>
    <message>
        <source>It could not be kept from other files ({why}).</source>
        <translation>Es ließ sich nicht von anderen Dateien fernhalten ({why}).</translation>
    </message>
    <message>
        <source>It could not be made to end with the rest of Perennial ({why}).</source>
        <translation>Es ließ sich nicht einrichten, dass es mit dem Rest von Perennial endet ({why}).</translation>
    </message>
    <message>
        <source>It could overwrite what it already keeps for others.</source>
        <translation>Es könnte überschreiben, was es schon für andere aufbewahrt.</translation>
    </message>
    <message>
        <source>It runs as the administrator of this computer, whose files are its own.</source>
        <translation>Es läuft als Verwalter dieses Computers, dessen Dateien damit seine eigenen sind.</translation>
    </message>
    <message>
        <source>Its memory could not be limited ({why}).</source>
        <translation>Sein Arbeitsspeicher ließ sich nicht begrenzen ({why}).</translation>
    </message>
    <message>
        <source>Its memory is not limited.</source>
        <translation>Sein Arbeitsspeicher ist nicht begrenzt.</translation>
    </message>
    <message>
        <source>Nothing shuts it off on this system ({system}).</source>
        <translation>Auf diesem System schirmt es nichts ab ({system}).</translation>
    </message>
    <message>
        <source>On this system nobody has tested yet whether it is held.</source>
        <translation>Auf diesem System hat noch niemand geprüft, ob es gehalten wird.</translation>
    </message>
    <message>
        <source>Special powers could not be taken from it ({why}).</source>
        <translation>Besondere Rechte ließen sich ihm nicht nehmen ({why}).</translation>
    </message>
    <message>
        <source>The clipboard stays open to it.</source>
        <translation>Die Zwischenablage bleibt ihm offen.</translation>
    </message>
    <message>
        <source>The size and number of its files could not be limited ({why}).</source>
        <translation>Größe und Zahl seiner Dateien ließen sich nicht begrenzen ({why}).</translation>
    </message>
    <message>
        <source>The system&apos;s core cannot keep it from other files (Landlock {version}).</source>
        <translation>Der Kern des Systems kann es nicht von anderen Dateien fernhalten (Landlock {version}).</translation>
    </message>
    <message>
        <source>The test of whether it is held did not run ({why}).</source>
        <translation>Die Probe, ob es gehalten wird, lief nicht ({why}).</translation>
    </message>
    <message>
        <source>This has never been tried on this system.</source>
        <translation>Auf diesem System wurde das noch nie ausprobiert.</translation>
    </message>
    <message>
        <source>What it may ask of the system could not be limited ({why}).</source>
        <translation>Was es vom System verlangen darf, ließ sich nicht begrenzen ({why}).</translation>
    </message>
</context>
<context>
    <name>welcome</name>
    <message numerus="yes">
        <source>%n other computer(s) found so far.</source>
        <translation>
            <numerusform>Bisher %n anderen Computer gefunden.</numerusform>
            <numerusform>Bisher %n andere Computer gefunden.</numerusform>
        </translation>
    </message>
    <message>
        <source>64 digits and letters that the people of the network tell you, in another way than they gave you the file. It shows that the file is really theirs.</source>
        <translation>64 Ziffern und Buchstaben, die Sie von den Leuten des Netzes erfahren, auf anderem Weg als die Datei. Sie zeigen, dass die Datei wirklich von ihnen ist.</translation>
    </message>
    <message>
        <source>A bed with a seed in it; its filled part is the space you lend</source>
        <translation>Ein Beet mit einem Samen; der gefüllte Teil ist der Platz, den Sie verleihen</translation>
    </message>
    <message>
        <source>A fingerprint has only the digits 0 to 9 and the letters a to f.</source>
        <translation>Ein Fingerabdruck hat nur die Ziffern 0 bis 9 und die Buchstaben a bis f.</translation>
    </message>
    <message>
        <source>A fingerprint has {wanted} digits and letters; so far there are {typed}.</source>
        <translation>Ein Fingerabdruck hat {wanted} Ziffern und Buchstaben; bisher sind es {typed}.</translation>
    </message>
    <message>
        <source>A plant, and a seedling beside it</source>
        <translation>Eine Pflanze und ein Sämling daneben</translation>
    </message>
    <message>
        <source>A tenth of what is free is a good start. You can change it at any time.</source>
        <translation>Ein Zehntel des freien Platzes ist ein guter Anfang. Das lässt sich jederzeit ändern.</translation>
    </message>
    <message>
        <source>An invitation lets it find others further away. Somebody who takes part already can give you one.</source>
        <translation>Mit einer Einladung findet es andere weiter weg. Wer schon mitmacht, kann Ihnen eine geben.</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Behind a passphrase</source>
        <translation>Hinter einer Passphrase</translation>
    </message>
    <message>
        <source>By its key your computer is known in the network. Your system has no safe place for it now:</source>
        <translation>An seinem Schlüssel erkennt das Netz Ihren Computer. Ihr System hat gerade keinen sicheren Ort dafür:</translation>
    </message>
    <message>
        <source>Choose a file…</source>
        <translation>Datei wählen …</translation>
    </message>
    <message>
        <source>Choose a passphrase of at least {least} letters and signs.</source>
        <translation>Bitte eine Passphrase aus mindestens {least} Buchstaben und Zeichen wählen.</translation>
    </message>
    <message>
        <source>Choose the file of the network.</source>
        <translation>Bitte die Datei des Netzes wählen.</translation>
    </message>
    <message>
        <source>Disk space to lend</source>
        <translation>Platz zum Verleihen</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Done. It goes on by itself</source>
        <translation>Fertig. Es geht von selbst weiter</translation>
    </message>
    <message>
        <source>Done. It lives by the clock</source>
        <translation>Fertig. Es wohnt bei der Uhr</translation>
    </message>
    <message>
        <source>Done. It lives down here</source>
        <translation>Fertig. Es wohnt hier unten</translation>
    </message>
    <message>
        <source>Done. It lives up here</source>
        <translation>Fertig. Es wohnt hier oben</translation>
    </message>
    <message>
        <source>Fingerprint</source>
        <translation>Fingerabdruck</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>In this folder</source>
        <translation>In diesem Ordner</translation>
    </message>
    <message>
        <source>Invitation</source>
        <translation>Einladung</translation>
    </message>
    <message>
        <source>It asks for your passphrase then, and helps once it is given</source>
        <translation>Es fragt dann nach Ihrer Passphrase und hilft, sobald sie da ist</translation>
    </message>
    <message>
        <source>It did not start, and nothing is lost.</source>
        <translation>Es ist nicht gestartet, und nichts ist verloren.</translation>
    </message>
    <message>
        <source>It goes on looking for others on your local network.</source>
        <translation>Es sucht im lokalen Netz weiter nach anderen.</translation>
    </message>
    <message>
        <source>It is asked for at every start, also after you log in. If you forget it, your computer begins anew as a stranger; nobody can give it back to you.</source>
        <translation>Nach ihr wird bei jedem Start gefragt, auch nach dem Anmelden. Ist sie vergessen, fängt Ihr Computer als Fremder neu an; niemand kann sie zurückgeben.</translation>
    </message>
    <message>
        <source>It is handed on and not kept.</source>
        <translation>Sie wird weitergereicht und nicht aufbewahrt.</translation>
    </message>
    <message>
        <source>It never restarts your computer</source>
        <translation>Es startet niemals Ihren Computer neu</translation>
    </message>
    <message>
        <source>It reads none of your files; Updates says how firmly your system holds it to that</source>
        <translation>Es liest keine Ihrer Dateien; wie fest Ihr System es daran bindet, steht unter Updates</translation>
    </message>
    <message>
        <source>It renews itself, and tries each new version out before it uses it</source>
        <translation>Es erneuert sich selbst und probiert jede neue Version erst aus</translation>
    </message>
    <message>
        <source>It starts without asking. But every program of yours can read the key and pass itself off as your computer. Perennial will go on saying so.</source>
        <translation>Es startet ohne zu fragen. Aber jedes Ihrer Programme kann den Schlüssel lesen und sich als Ihr Computer ausgeben. Perennial wird weiter darauf hinweisen.</translation>
    </message>
    <message>
        <source>It stays in the background and lets your work go first</source>
        <translation>Es bleibt im Hintergrund und lässt Ihrer Arbeit den Vortritt</translation>
    </message>
    <message>
        <source>Join the network</source>
        <translation>Dem Netz beitreten</translation>
    </message>
    <message>
        <source>Key unprotected</source>
        <translation>Schlüssel ungeschützt</translation>
    </message>
    <message>
        <source>Lend a little space</source>
        <translation>Ein wenig Platz verleihen</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Noch einmal nachsehen</translation>
    </message>
    <message>
        <source>Looking at this computer. This takes a moment.</source>
        <translation>Dieser Computer wird angesehen. Das dauert einen Augenblick.</translation>
    </message>
    <message>
        <source>Needs you: your passphrase</source>
        <translation>Braucht Sie: Ihre Passphrase</translation>
    </message>
    <message>
        <source>No file chosen yet</source>
        <translation>Noch keine Datei gewählt</translation>
    </message>
    <message>
        <source>Not known yet how many others were found</source>
        <translation>Wie viele andere gefunden sind, ist noch nicht bekannt</translation>
    </message>
    <message>
        <source>Nothing is taken at once: the space fills slowly, over weeks.</source>
        <translation>Nichts wird sofort belegt: Der Platz füllt sich langsam, über Wochen.</translation>
    </message>
    <message>
        <source>Only want to look? A practice network is eight small computers inside this one.</source>
        <translation>Nur ansehen? Ein Übungsnetz, das sind acht kleine Computer in diesem hier.</translation>
    </message>
    <message>
        <source>Opening. This takes a moment.</source>
        <translation>Öffnet. Das dauert einen Augenblick.</translation>
    </message>
    <message>
        <source>Passphrase</source>
        <translation>Passphrase</translation>
    </message>
    <message>
        <source>Paste the invitation first.</source>
        <translation>Bitte erst die Einladung einfügen.</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Starting. This takes a moment; your system may ask you for a password.</source>
        <translation>Startet. Das dauert einen Augenblick; vielleicht fragt Ihr System nach einem Passwort.</translation>
    </message>
    <message>
        <source>Step {number} of {steps}</source>
        <translation>Schritt {number} von {steps}</translation>
    </message>
    <message>
        <source>That passphrase does not open the key. Try it once more.</source>
        <translation>Diese Passphrase öffnet den Schlüssel nicht. Bitte noch einmal versuchen.</translation>
    </message>
    <message>
        <source>The bar at the bottom of the screen, with the small plant in it</source>
        <translation>Die Leiste unten am Bildschirm mit der kleinen Pflanze</translation>
    </message>
    <message>
        <source>The bar at the top of the screen, with the small plant in it</source>
        <translation>Die Leiste oben am Bildschirm mit der kleinen Pflanze</translation>
    </message>
    <message>
        <source>The bar with the clock, and the small plant in it</source>
        <translation>Die Leiste mit der Uhr und der kleinen Pflanze</translation>
    </message>
    <message>
        <source>The file of the network</source>
        <translation>Die Datei des Netzes</translation>
    </message>
    <message>
        <source>The key of this computer is still to be made. Choose the passphrase behind which it lies.</source>
        <translation>Der Schlüssel dieses Computers entsteht erst noch. Bitte die Passphrase wählen, hinter der er liegen soll.</translation>
    </message>
    <message>
        <source>The key of this computer lies behind it. Until it is given, Perennial does not run.</source>
        <translation>Hinter ihr liegt der Schlüssel dieses Computers. Bis sie da ist, läuft Perennial nicht.</translation>
    </message>
    <message>
        <source>The key of this computer lies unprotected in a file.</source>
        <translation>Der Schlüssel dieses Computers liegt ungeschützt in einer Datei.</translation>
    </message>
    <message>
        <source>The one that this program was made for.</source>
        <translation>Das, für das dieses Programm gemacht ist.</translation>
    </message>
    <message>
        <source>The passphrase has at least {least} letters and signs; so far there are {typed}.</source>
        <translation>Die Passphrase hat mindestens {least} Buchstaben und Zeichen; bisher sind es {typed}.</translation>
    </message>
    <message>
        <source>The passphrase is not the same both times.</source>
        <translation>Die Passphrase ist nicht beide Male dieselbe.</translation>
    </message>
    <message>
        <source>The same once more</source>
        <translation>Noch einmal dieselbe</translation>
    </message>
    <message>
        <source>There is too little room on this disk. Make some, then look again.</source>
        <translation>Auf dieser Festplatte ist zu wenig Platz. Bitte Platz schaffen und noch einmal nachsehen.</translation>
    </message>
    <message>
        <source>This desktop has no place for a small icon. It goes on when you close the window; start it again to see it. These are its signs:</source>
        <translation>Auf diesem Desktop ist kein Platz für ein kleines Symbol. Es geht weiter, wenn das Fenster zu ist; ein neuer Start zeigt es wieder. Das sind seine Zeichen:</translation>
    </message>
    <message>
        <source>This disk does not say how much is free on it.</source>
        <translation>Diese Festplatte sagt nicht, wie viel auf ihr frei ist.</translation>
    </message>
    <message>
        <source>Type the fingerprint that the people of the network told you.</source>
        <translation>Bitte den Fingerabdruck eingeben, den die Leute des Netzes genannt haben.</translation>
    </message>
    <message>
        <source>Unprotected, in a file</source>
        <translation>Ungeschützt, in einer Datei</translation>
    </message>
    <message>
        <source>Use it</source>
        <translation>Verwenden</translation>
    </message>
    <message>
        <source>Where its key lies</source>
        <translation>Wo sein Schlüssel liegt</translation>
    </message>
    <message>
        <source>Where, and how much?</source>
        <translation>Wo und wie viel?</translation>
    </message>
    <message>
        <source>Which network</source>
        <translation>Welches Netz</translation>
    </message>
    <message>
        <source>You can close this window. The small plant tells how things are; a sign beside it means that something is different.</source>
        <translation>Dieses Fenster können Sie schließen. Die kleine Pflanze sagt, wie es steht; ein Zeichen daneben heißt, dass etwas anders ist.</translation>
    </message>
    <message>
        <source>Your computer keeps small pieces of other people&apos;s data. Together with many others it keeps them safe, without any company in the middle.</source>
        <translation>Ihr Computer bewahrt kleine Stücke fremder Daten auf. Mit vielen anderen hält er sie sicher, ohne eine Firma in der Mitte.</translation>
    </message>
    <message>
        <source>Your passphrase, please</source>
        <translation>Ihre Passphrase, bitte</translation>
    </message>
    <message>
        <source>does not run</source>
        <translation>läuft nicht</translation>
    </message>
    <message>
        <source>fine</source>
        <translation>alles gut</translation>
    </message>
    <message>
        <source>leaves you {free}</source>
        <translation>{free} bleiben</translation>
    </message>
    <message>
        <source>needs you</source>
        <translation>braucht Sie</translation>
    </message>
    <message>
        <source>new version tried</source>
        <translation>probiert Neues</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>startet</translation>
    </message>
    <message>
        <source>{free} free on this disk</source>
        <translation>{free} frei auf dieser Festplatte</translation>
    </message>
</context>
<context>
    <name>whys</name>
    <message>
        <source>a file of it was lost meanwhile</source>
        <translation>eine Datei davon ging inzwischen verloren</translation>
    </message>
    <message>
        <source>a key has {size} bytes</source>
        <translation>ein Schlüssel hat {size} Bytes</translation>
    </message>
    <message>
        <source>a piece of it could not be had in {count} tries</source>
        <translation>ein Stück davon war in {count} Versuchen nicht zu bekommen</translation>
    </message>
    <message>
        <source>access is denied</source>
        <translation>der Zugriff ist verweigert</translation>
    </message>
    <message>
        <source>another program has it</source>
        <translation>ein anderes Programm hat es</translation>
    </message>
    <message>
        <source>it answered too slowly</source>
        <translation>sie antwortete zu langsam</translation>
    </message>
    <message>
        <source>it can only be read</source>
        <translation>hier darf nur gelesen werden</translation>
    </message>
    <message>
        <source>it did not answer for {seconds} seconds</source>
        <translation>es antwortete {seconds} Sekunden lang nicht</translation>
    </message>
    <message>
        <source>it did not introduce itself</source>
        <translation>es stellte sich nicht vor</translation>
    </message>
    <message>
        <source>it does not understand the rest of Perennial</source>
        <translation>es versteht den Rest von Perennial nicht</translation>
    </message>
    <message>
        <source>it ended with code {code}</source>
        <translation>es endete mit dem Code {code}</translation>
    </message>
    <message>
        <source>it ended with code {code}: {words}</source>
        <translation>es endete mit dem Code {code}: {words}</translation>
    </message>
    <message>
        <source>it fails to read or write</source>
        <translation>Lesen oder Schreiben misslingt</translation>
    </message>
    <message>
        <source>it has ended</source>
        <translation>sie ist beendet</translation>
    </message>
    <message>
        <source>it is a folder</source>
        <translation>es ist ein Ordner</translation>
    </message>
    <message>
        <source>it is full</source>
        <translation>sie ist voll</translation>
    </message>
    <message>
        <source>it is larger than a version may be</source>
        <translation>sie ist größer, als eine Version sein darf</translation>
    </message>
    <message>
        <source>it is longer than {size} bytes</source>
        <translation>länger als {size} Bytes</translation>
    </message>
    <message>
        <source>it is no folder</source>
        <translation>es ist kein Ordner</translation>
    </message>
    <message>
        <source>it is not there</source>
        <translation>es ist nicht da</translation>
    </message>
    <message>
        <source>it is of the newer version {version}</source>
        <translation>sie ist von der neueren Version {version}</translation>
    </message>
    <message>
        <source>it is over {size} bytes</source>
        <translation>länger als {size} Bytes</translation>
    </message>
    <message>
        <source>it passed itself off as another one</source>
        <translation>es gab sich für ein anderes aus</translation>
    </message>
    <message>
        <source>it says that it is of version {version}, which there never was</source>
        <translation>sie nennt sich Version {version}, die es nie gab</translation>
    </message>
    <message>
        <source>it takes no more files</source>
        <translation>sie nimmt keine weiteren Dateien auf</translation>
    </message>
    <message>
        <source>it was killed</source>
        <translation>es wurde hart beendet</translation>
    </message>
    <message>
        <source>it was not reachable within {seconds} seconds</source>
        <translation>es war binnen {seconds} Sekunden nicht zu erreichen</translation>
    </message>
    <message>
        <source>it was stopped from outside</source>
        <translation>es wurde von außen beendet</translation>
    </message>
    <message>
        <source>its files are not those that they should be</source>
        <translation>seine Dateien sind nicht die richtigen</translation>
    </message>
    <message>
        <source>longer than {size} bytes</source>
        <translation>länger als {size} Bytes</translation>
    </message>
    <message>
        <source>no space is left</source>
        <translation>es ist kein Platz mehr</translation>
    </message>
    <message>
        <source>only {free} are free</source>
        <translation>nur {free} sind frei</translation>
    </message>
    <message>
        <source>that is not allowed</source>
        <translation>das ist nicht erlaubt</translation>
    </message>
    <message>
        <source>this is no key behind a passphrase, or a damaged one</source>
        <translation>das ist kein Schlüssel hinter einer Passphrase oder ein beschädigter</translation>
    </message>
    <message>
        <source>this is no unprotected key, or a damaged one</source>
        <translation>das ist kein ungeschützter Schlüssel oder ein beschädigter</translation>
    </message>
    <message>
        <source>this system cannot do it</source>
        <translation>dieses System kann es nicht</translation>
    </message>
    <message>
        <source>your share of it is used up</source>
        <translation>Ihr Anteil daran ist aufgebraucht</translation>
    </message>
</context>
</TS>
