/* Windows 10 converts texts of rare encodings by this library; wine 8 has none, and Qt does not load without it.
   For tests only: nothing here converts anything. */
#define NAMED(name) \
  __declspec(dllexport) void *name(void) { return 0; }

NAMED(ucnv_cbFromUWriteUChars)
NAMED(ucnv_cbToUWriteUChars)
NAMED(ucnv_close)
NAMED(ucnv_countAvailable)
NAMED(ucnv_fromUCountPending)
NAMED(ucnv_fromUnicode)
NAMED(ucnv_getAvailableName)
NAMED(ucnv_getFromUCallBack)
NAMED(ucnv_getMaxCharSize)
NAMED(ucnv_getName)
NAMED(ucnv_getStandardName)
NAMED(ucnv_getToUCallBack)
NAMED(ucnv_open)
NAMED(ucnv_reset)
NAMED(ucnv_setFromUCallBack)
NAMED(ucnv_setToUCallBack)
NAMED(ucnv_toUCountPending)
NAMED(ucnv_toUnicode)
