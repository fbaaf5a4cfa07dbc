/*
 * content_wsp.c - the host's encoder of WSP headers, for content.c
 */

#include "wap/wsp_headers.c"
#include "wap/wsp_push.c"
