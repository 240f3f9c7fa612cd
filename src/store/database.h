/*
 * database.h - one connection to a SQLite file, in the words that the room store needs. sqlite.c is behind it and is
 * the only file that knows SQLite; the other files of the room write SQL and use this.
 */
#ifndef AKIN_STORE_DATABASE_H
#define AKIN_STORE_DATABASE_H

#include <akin/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct akin_database akin_database;
typedef struct akin_statement akin_statement;

typedef enum akin_database_mode {
  AKIN_DATABASE_READ, /* of an existing file; also one in a folder that cannot be written */
  AKIN_DATABASE_WRITE /* made when missing */
} akin_database_mode;

/* Opens the file and reads its header. Nothing is written yet. Errors: FORMAT (no SQLite database, damaged), IO (also:
 * WRITE on a file that only can be read), BUSY, MEMORY. */
akin_status akin_database_open(akin_database **out, const char *path, akin_database_mode mode, akin_error *err);
void akin_database_close(akin_database *d);             /* NULL is fine; an open transaction is rolled back */
const char *akin_database_path(const akin_database *d); /* borrowed until close */

/* Runs one or several statements that have no parameters and no rows of interest. */
akin_status akin_database_run(akin_database *d, const char *sql, akin_error *err);
/* The first column of the first row of a query that always has one; numbers: its parameters, `count` of them. */
akin_status akin_database_number(akin_database *d, const char *sql, const uint64_t *numbers, size_t count,
                                 uint64_t *out, akin_error *err);
bool akin_database_in_transaction(const akin_database *d);
uint64_t akin_database_changes(const akin_database *d); /* rows inserted, updated or deleted since it was opened */

/* ---- statements: start, bind, next…, end ----
 *
 * Statements are kept, compiled, under the address of their SQL text, which must therefore be a constant. One that is
 * started again before it ended, by a visitor inside a visit, gets a second compilation of its own.
 * A binding that fails makes the next `next` fail, so bindings need no checks.
 */
akin_status akin_statement_start(akin_statement **out, akin_database *d, const char *sql, akin_error *err);
void akin_statement_end(akin_statement *st); /* NULL is fine */

/* Parameters count from 1. Bytes and text are borrowed until end. */
void akin_statement_bind_number(akin_statement *st, int index, uint64_t value);
void akin_statement_bind_bytes(akin_statement *st, int index, const void *bytes, size_t size);
void akin_statement_bind_text(akin_statement *st, int index, const char *text);
void akin_statement_bind_null(akin_statement *st, int index);

/* *row: there is one, to be read with what follows; false: it is done. */
akin_status akin_statement_next(akin_statement *st, bool *row, akin_error *err);
/* For statements without rows: to the end, then akin_statement_end in any case. */
akin_status akin_statement_finish(akin_statement *st, akin_error *err);
/* For statements that give one number, as INSERT … RETURNING id: FORMAT when there is none. Ends in any case. */
akin_status akin_statement_finish_number(akin_statement *st, uint64_t *out, akin_error *err);
/* akin_statement_finish in one call, with numbers for parameters. */
akin_status akin_database_run_with(akin_database *d, const char *sql, const uint64_t *numbers, size_t count,
                                   akin_error *err);

/* Columns of the row at hand, counted from 0; borrowed until the next `next` or end. A column of another type than
 * asked for, as only a damaged file has it, is converted: never NULL, never unterminated, but of any size. */
uint64_t akin_statement_number(akin_statement *st, int column);
const void *akin_statement_bytes(akin_statement *st, int column, size_t *size);
const char *akin_statement_text(akin_statement *st, int column);

/* AKIN_ERROR_FORMAT with the file's name in front and what to do behind. */
akin_status akin_database_damaged(const akin_database *d, akin_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
