/*
 * host_memory.c - the host's allocator, for modules that are tested alone
 */

#include <gwlib/gwlib.h>

/* gwlib keeps these for itself. */
#undef malloc
#undef free

#if USE_GWMEM_NATIVE
void *gw_native_malloc(size_t size)
{
    return malloc(size);
}

void gw_native_free(void *p)
{
    free(p);
}
#else
void *gw_check_malloc(size_t size, const char *file, long line,
                      const char *function)
{
    (void)file, (void)line, (void)function;
    return malloc(size);
}

void gw_check_free(void *p, const char *file, long line,
                   const char *function)
{
    (void)file, (void)line, (void)function;
    free(p);
}
#endif
