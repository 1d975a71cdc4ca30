<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>app</name>
    <message numerus="yes">
        <source>%n byte(s)</source>
        <translation>
            <numerusform>%n byte</numerusform>
            <numerusform>%n bytes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s)</source>
        <translation>
            <numerusform>%n day</numerusform>
            <numerusform>%n days</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s) ago</source>
        <translation>
            <numerusform>%n day ago</numerusform>
            <numerusform>%n days ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s)</source>
        <translation>
            <numerusform>%n hour</numerusform>
            <numerusform>%n hours</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s) ago</source>
        <translation>
            <numerusform>%n hour ago</numerusform>
            <numerusform>%n hours ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s)</source>
        <translation>
            <numerusform>%n minute</numerusform>
            <numerusform>%n minutes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s) ago</source>
        <translation>
            <numerusform>%n minute ago</numerusform>
            <numerusform>%n minutes ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n piece(s)</source>
        <translation>
            <numerusform>%n piece</numerusform>
            <numerusform>%n pieces</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n second(s)</source>
        <translation>
            <numerusform>%n second</numerusform>
            <numerusform>%n seconds</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n second(s) ago</source>
        <translation>
            <numerusform>%n second ago</numerusform>
            <numerusform>%n seconds ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Paused for %n reason(s).</source>
        <translation>
            <numerusform>Paused for %n reason.</numerusform>
            <numerusform>Paused for %n reasons.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>This farm keeps %n piece(s) for its neighbours, all of them on this computer.</source>
        <translation>
            <numerusform>This farm keeps %n piece for its neighbours, all of them on this computer.</numerusform>
            <numerusform>This farm keeps %n pieces for its neighbours, all of them on this computer.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Your computer is helping to keep %n piece(s) of other people&apos;s data safe.</source>
        <translation>
            <numerusform>Your computer is helping to keep %n piece of other people&apos;s data safe.</numerusform>
            <numerusform>Your computer is helping to keep %n pieces of other people&apos;s data safe.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>network</name>
    <message numerus="yes">
        <source>%n answer(s)</source>
        <translation>
            <numerusform>%n answers</numerusform>
            <numerusform>%n answer</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n computer(s) known in all.</source>
        <translation>
            <numerusform>%n computer known in all.</numerusform>
            <numerusform>%n computers known in all.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n is/are silent</source>
        <translation>
            <numerusform>%n is silent</numerusform>
            <numerusform>%n are silent</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n is/are slow</source>
        <translation>
            <numerusform>%n is slow</numerusform>
            <numerusform>%n are slow</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n of the next {count} computers further out answer(s)</source>
        <translation>
            <numerusform>%n of the next {count} computers further out answers</numerusform>
            <numerusform>%n of the next {count} computers further out answer</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Neighbours on %n different network(s).</source>
        <translation>
            <numerusform>Neighbours on %n network.</numerusform>
            <numerusform>Neighbours on %n different networks.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>node</name>
    <message numerus="yes">
        <source>%n day(s)</source>
        <translation>
            <numerusform>%n day</numerusform>
            <numerusform>%n days</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n day(s) ago</source>
        <translation>
            <numerusform>%n day ago</numerusform>
            <numerusform>%n days ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s)</source>
        <translation>
            <numerusform>%n hour</numerusform>
            <numerusform>%n hours</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n hour(s) ago</source>
        <translation>
            <numerusform>%n hour ago</numerusform>
            <numerusform>%n hours ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s)</source>
        <translation>
            <numerusform>%n minute</numerusform>
            <numerusform>%n minutes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n minute(s) ago</source>
        <translation>
            <numerusform>%n minute ago</numerusform>
            <numerusform>%n minutes ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n other computer(s) asked for a proof of a piece that should be kept here, and got none.</source>
        <translation>
            <numerusform>Another computer asked for a proof of a piece that should be kept here, and got none.</numerusform>
            <numerusform>%n other computers asked for a proof of a piece that should be kept here, and got none.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n year(s)</source>
        <translation>
            <numerusform>%n year</numerusform>
            <numerusform>%n years</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n year(s) ago</source>
        <translation>
            <numerusform>%n year ago</numerusform>
            <numerusform>%n years ago</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>All is well: {used} of {quota} in use, connected to %n computer(s).</source>
        <translation>
            <numerusform>All is well: {used} of {quota} in use, connected to %n computer.</numerusform>
            <numerusform>All is well: {used} of {quota} in use, connected to %n computers.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Last news from the makers: %n day(s) ago.</source>
        <translation>
            <numerusform>Last news from the makers: %n day ago.</numerusform>
            <numerusform>Last news from the makers: %n days ago.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Perennial has not answered for %n second(s).</source>
        <translation>
            <numerusform>Perennial has not answered for %n second.</numerusform>
            <numerusform>Perennial has not answered for %n seconds.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Perennial is being stopped: handing over {done} of %n piece(s), at most {within} s.</source>
        <translation>
            <numerusform>Perennial is being stopped: handing over {done} of %n piece, at most {within} s.</numerusform>
            <numerusform>Perennial is being stopped: handing over {done} of %n pieces, at most {within} s.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Shrinking {used} -&gt; {quota}: {done} of %n piece(s) handed over.</source>
        <translation>
            <numerusform>Shrinking {used} -&gt; {quota}: {done} of %n piece handed over.</numerusform>
            <numerusform>Shrinking {used} -&gt; {quota}: {done} of %n pieces handed over.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The clock is right: it agrees with %n other computer(s).</source>
        <translation>
            <numerusform>The clock is right: it agrees with another computer.</numerusform>
            <numerusform>The clock is right: it agrees with %n other computers.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The clock of this computer is about {span} ahead; so say %n other computer(s).</source>
        <translation>
            <numerusform>The clock of this computer is about {span} ahead; so say another computer.</numerusform>
            <numerusform>The clock of this computer is about {span} ahead; so say %n other computers.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>The clock of this computer is about {span} behind; so say %n other computer(s).</source>
        <translation>
            <numerusform>The clock of this computer is about {span} behind; so say another computer.</numerusform>
            <numerusform>The clock of this computer is about {span} behind; so say %n other computers.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Updates wait for the makers: their last word expired on {date}, and the last news from them is %n day(s) old; your pieces are served as before.</source>
        <translation>
            <numerusform>Updates wait for the makers: their last word expired on {date}, and the last news from them is %n day old; your pieces are served as before.</numerusform>
            <numerusform>Updates wait for the makers: their last word expired on {date}, and the last news from them is %n days old; your pieces are served as before.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Updates wait for the makers: what they signed as {role} expired on {date}, and the last news from them is %n day(s) old; your pieces are served as before.</source>
        <translation>
            <numerusform>Updates wait for the makers: what they signed as {role} expired on {date}, and the last news from them is %n day old; your pieces are served as before.</numerusform>
            <numerusform>Updates wait for the makers: what they signed as {role} expired on {date}, and the last news from them is %n days old; your pieces are served as before.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>reasons</name>
    <message numerus="yes">
        <source>%n days</source>
        <translation>
            <numerusform>%n day</numerusform>
            <numerusform>%n days</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>refusals</name>
    <message numerus="yes">
        <source>Kept: Perennial tries to meet %n computer(s) of this invitation when it is started; one that is older than about a day may lead to nobody.</source>
        <translation>
            <numerusform>Kept: Perennial tries to meet %n computer of this invitation when it is started; one that is older than about a day may lead to nobody.</numerusform>
            <numerusform>Kept: Perennial tries to meet %n computers of this invitation when it is started; one that is older than about a day may lead to nobody.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Perennial now tries to meet %n computer(s) of this invitation, now and at its next start; one that is older than about a day may lead to nobody.</source>
        <translation>
            <numerusform>Perennial now tries to meet %n computer of this invitation, now and at its next start; one that is older than about a day may lead to nobody.</numerusform>
            <numerusform>Perennial now tries to meet %n computers of this invitation, now and at its next start; one that is older than about a day may lead to nobody.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>releases</name>
    <message numerus="yes">
        <source>%n maker(s) signed it, {needed} must.</source>
        <translation>
            <numerusform>%n maker has signed it, {needed} must.</numerusform>
            <numerusform>%n makers have signed it, {needed} must.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n neighbour(s) rated it</source>
        <translation>
            <numerusform>%n neighbour has rated it</numerusform>
            <numerusform>%n neighbours have rated it</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n piece(s) checked</source>
        <translation>
            <numerusform>%n piece checked</numerusform>
            <numerusform>%n pieces checked</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>signed by %n maker(s)</source>
        <translation>
            <numerusform>signed by %n maker</numerusform>
            <numerusform>signed by %n makers</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>rollout</name>
    <message numerus="yes">
        <source>Of %n other computer(s) that tried it out, {good} found it good and {bad} bad.</source>
        <translation>
            <numerusform>Of %n other computer that tried it out, {good} found it good and {bad} bad.</numerusform>
            <numerusform>Of %n other computers that tried it out, {good} found it good and {bad} bad.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>welcome</name>
    <message numerus="yes">
        <source>%n other computer(s) found so far.</source>
        <translation>
            <numerusform>%n other computer found so far.</numerusform>
            <numerusform>%n other computers found so far.</numerusform>
        </translation>
    </message>
</context>
</TS>
