/*
 * content_si.c - the host's compiler of Service Indications, for content.c
 */

#include "gw/wap_push_si_compiler.c"
