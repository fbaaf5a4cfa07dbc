/*
 * store_pg_test.c - the store on a real PostgreSQL
 *
 * Runs itself under tests/sql/cluster, which gives it a server of its own.
 * With an argument it runs only the cases whose names fit (* and ?).
 * After the common cases come those that only a real connection has: a
 * server that dies, freezes, refuses, or has another schema.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_box.h"
#include "store_cases.h"
#include "store_pg.h"

static int start_empty(void **state)
{
    (void) state;
    backend_reset();
    return 0;
}

static int forget(void **state)
{
    (void) state;
    box_forget();
    return 0;
}

#define COMMON(name) \
    cmocka_unit_test_setup_teardown(name, start_empty, forget),

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        STORE_CASES(COMMON)
        STORE_PG_CASES(COMMON)
    };

    if (getenv("CONVOY_CONF") == NULL) {
        execl(CLUSTER, CLUSTER, argv[0], argv[1], (char *) NULL);
        perror(CLUSTER);
        return 1;
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("store on PostgreSQL", tests, pg_setup,
                                       pg_teardown);
}
