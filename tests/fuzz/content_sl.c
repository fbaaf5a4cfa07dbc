/*
 * content_sl.c - the host's compiler of Service Loadings, for content.c
 */

#include "gw/wap_push_sl_compiler.c"
