; Puts Perennial where one person's programs lie, without an administrator's rights, and takes it away again.
;
; Given: VERSION, OUT, ICON, SIZE_KB, and FILES, which defines PlaceFiles and RemoveFiles (script.py).
;
;   PerennialSetup.exe /S             installs without a question; over an older version, too
;   Uninstall.exe /S                  takes it away and keeps what the computer holds for the network
;   Uninstall.exe /S /GIVEBACK        gives the lent space back first
;
; Nothing here starts at login: the app does that when it is told to, and always by Perennial.exe.
Target amd64-unicode
Unicode true
Name "Perennial"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\Perennial"
RequestExecutionLevel user
SetCompressor /SOLID lzma
SetCompressorDictSize 32
AllowSkipFiles off
BrandingText " "
ManifestSupportedOS all
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Perennial"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Perennial"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" " "

!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "${FILES}"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\Perennial.exe"
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"

LangString AskGiveBack ${LANG_ENGLISH} "Give the space back that this computer lends?$\r$\n$\r$\nYes: first everything it keeps for others is handed to other computers, then it is deleted here, with its key. That takes a few minutes.$\r$\n$\r$\nNo: all of it stays on this computer, and Perennial goes on with it when you install it again."
LangString AskGiveBack ${LANG_GERMAN} "Soll der geliehene Platz wieder frei werden?$\r$\n$\r$\nJa: Zuerst geht alles, was dieser Computer für andere aufbewahrt, an andere Computer, dann wird es hier gelöscht, samt Schlüssel. Das dauert ein paar Minuten.$\r$\n$\r$\nNein: Alles bleibt auf diesem Computer, und Perennial macht damit weiter, wenn Sie es wieder installieren."
LangString NotGivenBack ${LANG_ENGLISH} "The space could not be given back. What this computer keeps stays in $LOCALAPPDATA\perennial."
LangString NotGivenBack ${LANG_GERMAN} "Der Platz konnte nicht freigegeben werden. Was dieser Computer aufbewahrt, bleibt in $LOCALAPPDATA\perennial."
LangString StillRuns ${LANG_ENGLISH} "Perennial could not be stopped. Quit it first, then try again."
LangString StillRuns ${LANG_GERMAN} "Perennial ließ sich nicht beenden. Beenden Sie es zuerst und versuchen Sie es dann noch einmal."

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Perennial"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"

; Nobody can write to a program that runs: then it is noted in $R3.
!define LOOKS 75
!macro LookAt program
  ${If} ${FileExists} "$INSTDIR\${program}"
    ClearErrors
    FileOpen $R4 "$INSTDIR\${program}" a
    ${If} ${Errors}
      StrCpy $R3 "yes"
    ${Else}
      FileClose $R4
    ${EndIf}
  ${EndIf}
!macroend

Section
  ; Of an older version every file goes first: one that is left would be one too many.
  ${If} ${FileExists} "$INSTDIR\Uninstall.exe"
    StrCpy $0 ""
    ExecWait '"$INSTDIR\Uninstall.exe" /S /REPLACE _?=$INSTDIR' $0
    ${If} $0 != "0"
      MessageBox MB_OK|MB_ICONEXCLAMATION "$(StillRuns)" /SD IDOK
      SetErrorLevel 1
      Abort
    ${EndIf}
  ${EndIf}
  !insertmacro PlaceFiles
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\Uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Perennial.lnk" "$INSTDIR\Perennial.exe"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Perennial"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\Perennial.exe"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\Uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
SectionEnd

Section "Uninstall"
  SetOutPath "$TEMP" ; no folder can be removed that is anybody's current one
  System::Call 'kernel32::SetErrorMode(i 3)' ; what a damaged program lacks is told to nobody
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/REPLACE" $R1
  ${If} ${Errors}
    Call un.GiveBack
  ${EndIf}
  Call un.EndAll
  ClearErrors
  ${GetOptions} $R0 "/REPLACE" $R1
  ${If} ${Errors}
    Call un.ForgetLogins
    Delete "$SMPROGRAMS\Perennial.lnk"
    DeleteRegKey HKCU "${UNINSTALL}"
    ; The container of the vaults, with the folder and the keys that Windows has made for it; see node/sandbox.
    System::Call 'userenv::DeleteAppContainerProfile(w "Perennial.Vaults")'
  ${EndIf}
  !insertmacro RemoveFiles
  Delete "$INSTDIR\Uninstall.exe"
  RMDir "$INSTDIR"
SectionEnd

; The installed app does it: only it knows what is its own, and how what it holds is handed to others.
Function un.GiveBack
  ${IfNot} ${FileExists} "$LOCALAPPDATA\perennial\home.json"
    Return
  ${EndIf}
  ClearErrors
  ${GetOptions} $R0 "/GIVEBACK" $R1
  ${If} ${Errors}
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(AskGiveBack)" /SD IDNO IDYES +2
      Return
  ${EndIf}
  StrCpy $R1 ""
  ExecWait '"$INSTDIR\Perennial.exe" --quit' ; or it would start the node again
  ExecWait '"$INSTDIR\Perennial.exe" leave --give-back' $R1
  ${If} $R1 != "0"
    MessageBox MB_OK|MB_ICONEXCLAMATION "$(NotGivenBack)" /SD IDOK
    SetErrorLevel 1
  ${EndIf}
FunctionEnd

; What still runs would keep its files.  An installation that is too damaged to say so is taken away all the same.
Function un.EndAll
  ${Do}
    StrCpy $R5 "no"
    ExecWait '"$INSTDIR\Perennial.exe" --quit' $R1
    ${If} $R1 == "1"
      StrCpy $R5 "yes"
    ${EndIf}
    ${If} ${FileExists} "$LOCALAPPDATA\perennial\home.json"
      ExecWait '"$INSTDIR\Perennial.exe" stop' $R1
      ${If} $R1 == "1"
        StrCpy $R5 "yes"
      ${EndIf}
    ${EndIf}
    ${If} $R5 == "no"
      Call un.AwaitEnd
      StrCpy $R5 $R3
    ${EndIf}
    ${If} $R5 == "no"
      ${Break}
    ${EndIf}
    MessageBox MB_ABORTRETRYIGNORE|MB_ICONEXCLAMATION "$(StillRuns)" /SD IDABORT IDRETRY again IDIGNORE on
      SetErrorLevel 1
      Abort
    again:
  ${Loop}
  on:
FunctionEnd

; A node has ended a moment before what has started it.  $R3: whether something runs all the same.
Function un.AwaitEnd
  ${For} $R2 1 ${LOOKS}
    StrCpy $R3 "no"
    !insertmacro LookAt "Perennial.exe"
    !insertmacro LookAt "Perennial.com"
    !insertmacro LookAt "runtime\python.exe"
    !insertmacro LookAt "runtime\pythonw.exe"
    ${If} $R3 == "no"
      ${Break}
    ${EndIf}
    Sleep 200
  ${Next}
FunctionEnd

; What starts at login is named by its home; all of it that starts this installation goes with it.
Function un.ForgetLogins
  StrLen $R2 '"$INSTDIR\Perennial.exe"'
  StrCpy $R3 0
  ${Do}
    EnumRegValue $R4 HKCU "${RUN}" $R3
    ${If} $R4 == ""
      ${Break}
    ${EndIf}
    ReadRegStr $R5 HKCU "${RUN}" $R4
    StrCpy $R5 $R5 $R2
    ${If} $R5 == '"$INSTDIR\Perennial.exe"'
      DeleteRegValue HKCU "${RUN}" $R4
    ${Else}
      IntOp $R3 $R3 + 1
    ${EndIf}
  ${Loop}
FunctionEnd
