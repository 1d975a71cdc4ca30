/* Starts Perennial's launcher with this program's arguments, waits for its end, and ends with its code.

   HERE\runtime\python.exe -I -S -B "HERE\launcher" ARGUMENTS      pythonw.exe in the program without a console

   Nothing else is decided here: this program is never replaced.  It stands for the launcher as if it had become it:
   it ends when the launcher ends, and the launcher ends when it is ended, by a job that holds the launcher alone. */
#include <windows.h>
#include <stdlib.h>
#include <wchar.h>

#define PATH_MAX_CHARACTERS 32768 /* of a path and of a command line, by Windows */

#ifdef HAS_CONSOLE
#define PYTHON L"python.exe"
#else
#define PYTHON L"pythonw.exe"
#endif

enum { NO_MEMORY = 71, NO_PATH = 72, NO_START = 73 };

/* A console tells Ctrl+C to the launcher and the node, too; they say when this ends. */
static BOOL WINAPI unmoved(DWORD event) { return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT; }

/* What stands behind the program's own name in the command line, as it was written. */
static const wchar_t *arguments(const wchar_t *line) {
  BOOL is_quoted = FALSE;
  for (; *line && (is_quoted || (*line != L' ' && *line != L'\t')); line++)
    if (*line == L'"') is_quoted = !is_quoted;
  while (*line == L' ' || *line == L'\t') line++;
  return line;
}

/* The standard handle, or one to nowhere: Python does not start without them. */
static HANDLE standard(DWORD which) {
  HANDLE handle = GetStdHandle(which);
  if (handle != NULL && handle != INVALID_HANDLE_VALUE && GetFileType(handle) != FILE_TYPE_UNKNOWN) {
    SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    return handle;
  }
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
  return CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
                     OPEN_EXISTING, 0, NULL);
}

/* Ends with this process; what the launcher starts is not in it. */
static HANDLE job(void) {
  HANDLE made = CreateJobObjectW(NULL, NULL);
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
  if (made != NULL) SetInformationJobObject(made, JobObjectExtendedLimitInformation, &limits, sizeof limits);
  return made;
}

static int run(void) {
  wchar_t *here = malloc(PATH_MAX_CHARACTERS * sizeof *here);
  wchar_t *line = malloc(PATH_MAX_CHARACTERS * sizeof *line);
  if (here == NULL || line == NULL) return NO_MEMORY;
  DWORD length = GetModuleFileNameW(NULL, here, PATH_MAX_CHARACTERS);
  wchar_t *end = wcsrchr(here, L'\\');
  if (length == 0 || length >= PATH_MAX_CHARACTERS || end == NULL) return NO_PATH;
  *end = 0;
  int written = _snwprintf(line, PATH_MAX_CHARACTERS, L"\"%ls\\runtime\\" PYTHON L"\" -I -S -B \"%ls\\launcher\" %ls",
                           here, here, arguments(GetCommandLineW()));
  if (written < 0 || written >= PATH_MAX_CHARACTERS) return NO_PATH;

  STARTUPINFOW start = {0};
  start.cb = sizeof start;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdInput = standard(STD_INPUT_HANDLE);
  start.hStdOutput = standard(STD_OUTPUT_HANDLE);
  start.hStdError = standard(STD_ERROR_HANDLE);
  PROCESS_INFORMATION child;
  SetConsoleCtrlHandler(unmoved, TRUE);
  if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &start, &child)) return NO_START;
  AssignProcessToJobObject(job(), child.hProcess); /* where that is refused, only the sudden end is not passed on */
  ResumeThread(child.hThread);
  WaitForSingleObject(child.hProcess, INFINITE);
  DWORD code = NO_START;
  GetExitCodeProcess(child.hProcess, &code);
  return (int)code;
}

#ifdef HAS_CONSOLE
int wmain(void) { return run(); }
#else
int WINAPI wWinMain(HINSTANCE instance, HINSTANCE previous, LPWSTR line, int show) {
  (void)instance, (void)previous, (void)line, (void)show;
  int code = run();
  BOOL is_told = !(GetErrorMode() & SEM_FAILCRITICALERRORS); /* the uninstaller wants no window of ours */
  if (is_told && (code == NO_MEMORY || code == NO_PATH || code == NO_START))
    MessageBoxW(NULL, L"Perennial is damaged. Install it again.\nPerennial ist besch\u00e4digt. Bitte neu installieren.",
                L"Perennial", MB_ICONERROR);
  return code;
}
#endif
