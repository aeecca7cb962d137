/* Stands in for libx265 in a bundle, which would put it under the GPL: libheif, which only decodes here, is linked to
   that encoder. BUILD is the number in the name of the library. */

#ifdef _WIN32
#define SHARED __declspec(dllexport)
#else
#define SHARED __attribute__((visibility("default")))
#endif
#define JOINED(name, build) name##build
#define NAME(build) JOINED(x265_api_get_, build)

SHARED const void *NAME(BUILD)(int bit_depth) {
    (void)bit_depth;
    return 0;
}

SHARED void x265_cleanup(void) {}
