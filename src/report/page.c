/*
 * page.c - the life of a page: questions are added to a body in memory; a page in one file is written when it is
 * closed, a page in a folder whenever AKIN_PAGE_QUERIES questions have come together. The folder's first page is kept
 * until the end, because it lists all others.
 */
#include "report/page.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"
#include "report/output.h"
#include "report/page_folder.h"
#include "report/page_html.h"

#include <string.h>

struct akin_page {
  char *path;             /* absolute, links resolved: where the page will be */
  char *work;             /* folder form: the folder that becomes path; else NULL */
  akin_file_writer *file; /* one file: becomes path; else NULL */
  char *base;             /* the folder that links start from */
  char *title;
  char *model;      /* of the first answer; "" before */
  const char *noun; /* of a section; a literal */
  size_t questions;
  akin_sink body;  /* of the page that is being filled */
  akin_sink first; /* folder form: the body of the first page, once it is full */
  akin_pictures pictures;
};

/* ---- opening ---- */

static akin_status page_open_places(akin_page *page, const char *path, bool folder, akin_error *err) {
  akin_status status = akin_output_resolve(&page->path, path, err);
  if (status) return status;
  if (!(page->base = folder ? akin_strdup(page->path) : akin_path_folder(page->path)))
    return akin_fail_memory(err, strlen(page->path) + 1);
  if (!folder) return akin_file_writer_open(&page->file, page->path, err);
  if ((status = akin_page_folder_check(page->path, err))) return status;
  status = akin_page_folder_begin(&page->work, page->path, err);
  page->pictures.folder = page->work;
  return status;
}

akin_status akin_page_open_with(akin_page **out, const char *path, int folder, const char *title,
                                akin_thumbnail *thumbnail, void *context, akin_error *err) {
  *out = NULL;
  akin_page *page = akin_calloc(1, sizeof *page);
  if (!page) return akin_fail_memory(err, sizeof *page);
  page->body = (akin_sink)AKIN_SINK_INIT(AKIN_SINK_CEILING);
  page->first = (akin_sink)AKIN_SINK_INIT(AKIN_SINK_CEILING);
  page->pictures = (akin_pictures){.thumbnail = thumbnail, .context = context};
  page->noun = "question";
  page->title = akin_strdup(title);
  page->model = akin_strdup("");
  akin_status status = page->title && page->model ? page_open_places(page, path, folder != 0, err)
                                                  : akin_fail_memory(err, strlen(title) + 1);
  if (status) {
    akin_page_discard(page);
    return status;
  }
  *out = page;
  return AKIN_OK;
}

/* ---- writing ---- */

/* Puts a page's HTML together; the caller frees text in any case. */
static akin_status page_compose(akin_sink *text, const akin_page_frame *frame, const akin_sink *body, akin_error *err) {
  akin_page_html_head(text, frame);
  akin_sink_bytes(text, body->buffer.data, body->buffer.size);
  akin_page_html_foot(text, frame);
  return akin_sink_check(text, err);
}

/* Writes one page of the folder. */
static akin_status page_write_inside(const akin_page *page, const akin_page_frame *frame, const akin_sink *body,
                                     akin_error *err) {
  akin_sink name = AKIN_SINK_INIT(256);
  akin_page_html_name(&name, frame->number);
  akin_sink text = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  char *path = name.status ? NULL : akin_path_join(page->work, name.buffer.data);
  akin_status status = path ? page_compose(&text, frame, body, err) : akin_fail_memory(err, strlen(page->work) + 32);
  if (!status) status = akin_file_replace(path, text.buffer.data, text.buffer.size, err);
  akin_free(path);
  akin_sink_free(&text);
  akin_sink_free(&name);
  return status;
}

/* The body is full and another question is there: this page has a next one. */
static akin_status page_turn(akin_page *page, akin_error *err) {
  const akin_page_frame frame = {
      .title = page->title, .model = page->model, .noun = page->noun, .number = page->questions / AKIN_PAGE_QUERIES};
  if (frame.number == 1) {
    const akin_sink empty = page->first;
    page->first = page->body;
    page->body = empty;
    return AKIN_OK;
  }
  akin_status status = page_write_inside(page, &frame, &page->body, err);
  if (!status) akin_buffer_clear(&page->body.buffer);
  return status;
}

static akin_status page_finish_folder(akin_page *page, akin_error *err) {
  const size_t pages = page->questions > 0 ? (page->questions - 1) / AKIN_PAGE_QUERIES + 1 : 1;
  akin_page_frame frame = {
      .title = page->title, .model = page->model, .noun = page->noun, .questions = page->questions};
  akin_status status = AKIN_OK;
  if (pages > 1) {
    frame.number = pages;
    frame.last = true;
    status = page_write_inside(page, &frame, &page->body, err);
  }
  frame.number = 1;
  frame.pages = pages;
  frame.last = pages == 1;
  if (!status) status = page_write_inside(page, &frame, pages > 1 ? &page->first : &page->body, err);
  return status ? status : akin_page_folder_finish(page->work, page->path, err);
}

static akin_status page_finish_file(akin_page *page, akin_error *err) {
  const akin_page_frame frame = {.title = page->title,
                                 .model = page->model,
                                 .noun = page->noun,
                                 .questions = page->questions,
                                 .number = 1,
                                 .pages = 1,
                                 .last = true};
  akin_sink text = AKIN_SINK_INIT(AKIN_SINK_CEILING);
  akin_status status = page_compose(&text, &frame, &page->body, err);
  if (!status) status = akin_file_writer_write(page->file, text.buffer.data, text.buffer.size, err);
  akin_sink_free(&text);
  if (status) return status;
  status = akin_file_writer_commit(page->file, err);
  page->file = NULL;
  return status;
}

/* ---- adding and ending ---- */

void akin_page_call_sections(akin_page *page, const char *noun) {
  page->noun = noun;
}

static akin_status page_remember_model(akin_page *page, const char *model, akin_error *err) {
  if (page->questions > 0) return AKIN_OK;
  char *copy = akin_strdup(model);
  if (!copy) return akin_fail_memory(err, strlen(model) + 1);
  akin_free(page->model);
  page->model = copy;
  return AKIN_OK;
}

/* What a failure left of the section in the body is taken out again. */
static akin_status page_write_section(akin_page *page, akin_page_section *write, const void *content, akin_error *err) {
  const size_t before = page->body.buffer.size;
  akin_status status = write(&page->body, content, page->questions + 1, page->base, &page->pictures, err);
  if (status) {
    page->body.status = AKIN_OK;
    page->body.buffer.size = before;
    return status;
  }
  page->questions++;
  return AKIN_OK;
}

akin_status akin_page_add_section(akin_page *page, const char *model, akin_page_section *write, const void *content,
                                  akin_error *err) {
  const bool full = page->questions > 0 && page->questions % AKIN_PAGE_QUERIES == 0;
  if (full && !page->work) {
    return akin_fail(err, AKIN_ERROR_LIMIT,
                     "%s: one file takes %d questions: give a folder's name, not ending in .html, for more", page->path,
                     AKIN_PAGE_QUERIES);
  }
  akin_status status = page_remember_model(page, model, err);
  if (!status && full && page->body.buffer.size > 0) status = page_turn(page, err);
  return status ? status : page_write_section(page, write, content, err);
}

akin_status akin_page_add(akin_page *page, const akin_hits *hits, akin_error *err) {
  return akin_page_add_section(page, akin_hits_model(hits), akin_page_html_question, hits, err);
}

akin_status akin_page_close(akin_page *page, akin_error *err) {
  akin_status status = page->work ? page_finish_folder(page, err) : page_finish_file(page, err);
  if (!status) {
    akin_free(page->work);
    page->work = NULL;
  }
  akin_page_discard(page);
  return status;
}

void akin_page_discard(akin_page *page) {
  if (!page) return;
  if (page->work) akin_file_remove_folder(page->work, NULL);
  akin_file_writer_discard(page->file);
  akin_pictures_free(&page->pictures);
  akin_sink_free(&page->first);
  akin_sink_free(&page->body);
  akin_free(page->model);
  akin_free(page->title);
  akin_free(page->base);
  akin_free(page->work);
  akin_free(page->path);
  akin_free(page);
}
