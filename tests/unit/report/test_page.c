/*
 * test_page.c - the page with pictures, in one file and as a folder. check_page.py looks at the HTML; here it is what
 * the page shows, when it appears, and what it never replaces. Pictures come from a function that counts its calls.
 */
#include "unit/report/report_testing.h"

#include "report/page.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct camera {
  unsigned calls;
  akin_status fails; /* for paths that hold "lost"; AKIN_ERROR_FORMAT unless a test says otherwise */
} camera;

/* The "picture" is the path, so that a test can see whose it is. */
static akin_status take_picture(void *context, akin_buffer *jpeg, uint32_t *width, uint32_t *height, const char *path,
                                uint32_t side, akin_error *err) {
  camera *c = context;
  assert_int_equal(side, 320);
  assert_int_equal(jpeg->size, 0);
  c->calls++;
  *width = *height = side;
  akin_status status = akin_buffer_append_text(jpeg, path);
  if (status) return status;
  if (!strstr(path, "lost")) return AKIN_OK;
  if (err) snprintf(err->text, sizeof err->text, "%s: is lost", path); /* and half a picture stays in jpeg */
  return c->fails;
}

static akin_page *open_page(const char *path, int folder, camera *c) {
  akin_error err;
  akin_page *page = TESTING_POISON;
  *c = (camera){0, AKIN_ERROR_FORMAT};
  testing_ok(akin_page_open_with(&page, path, folder, "Shoes & <b>more</b>", take_picture, c, &err), &err);
  return page;
}

static void add(akin_page *page, akin_hits *hits) {
  akin_error err;
  testing_ok(akin_page_add(page, hits, &err), &err);
  akin_hits_free(hits);
}

/* Question number i, one hit that all questions share and one of its own. */
static akin_hits *numbered(unsigned i) {
  char path[64];
  snprintf(path, sizeof path, "/p/%u.jpg", i);
  akin_hits *hits = report_question(path, NULL);
  report_hit(hits, "/p/shared.jpg", 0.9f);
  snprintf(path, sizeof path, "/p/own-%u.jpg", i);
  report_hit(hits, path, 0.5f);
  return hits;
}

static size_t count(const char *text, const char *part) {
  size_t n = 0;
  for (; (text = strstr(text, part)); text += strlen(part))
    n++;
  return n;
}

/* How many names in the folder begin so ("" counts all). */
static size_t entries(const char *folder, const char *begin) {
  size_t n = 0;
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e = NULL; (e = readdir(d));)
    n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && strncmp(e->d_name, begin, strlen(begin)) == 0;
  closedir(d);
  return n;
}

static char *read_in(const char *folder, const char *name) {
  char *path = testing_path(folder, name), *text = testing_read(path, NULL);
  akin_free(path);
  return text;
}

/* check_page.py finds nothing wrong. */
static void check(const char *folder, const char *name) {
  char *path = testing_path(folder, name);
  char *script = testing_path(AKIN_TEST_DATA, "../unit/report/check_page.py");
  int outcome = 0;
  const pid_t child = fork();
  if (child == 0) {
    execlp("python3", "python3", script, path, (char *)NULL);
    _exit(127);
  }
  assert_true(child > 0 && waitpid(child, &outcome, 0) == child);
  assert_int_equal(outcome, 0);
  akin_free(script);
  akin_free(path);
}

/* ---- one file ---- */

#define ASSERT_HAS(text, part) assert_non_null(strstr((text), (part)))

static void hostile_names_are_shown_harmlessly(void **state) {
  akin_error err;
  camera c;
  char *path = testing_path(*state, "page.html");
  akin_page *page = open_page(path, 0, &c);
  add(page, report_hostile());
  testing_ok(akin_page_close(page, &err), &err);
  check(*state, "page.html");
  char *text = testing_read(path, NULL);
  assert_null(strstr(text, "<script"));
  assert_null(strstr(text, "<b>"));
  assert_null(strchr(text, '\x1B'));
  ASSERT_HAS(text, "<h1>Shoes &amp; &lt;b&gt;more&lt;/b&gt;</h1>");
  ASSERT_HAS(text, "<title>Shoes &amp; &lt;b&gt;more&lt;/b&gt;</title>");
  ASSERT_HAS(text, "alt=\"&lt;script&gt;alert(1).jpg\"");
  ASSERT_HAS(text, "p/%3Cscript%3Ealert%281%29.jpg\"");
  ASSERT_HAS(text, "alt=\"a &quot;b&quot;, &#39;c&#39; &amp; d.jpg\"");
  ASSERT_HAS(text, "alt=\"\\xFF\\xC0\\xAF.jpg\"");
  ASSERT_HAS(text, "p/%FF%C0%AF.jpg\"");
  ASSERT_HAS(text, "p/new%0Aline.jpg\"");
  ASSERT_HAS(text, ">\\xE2\\x80\\xAEgpj.exe</bdi>");
  ASSERT_HAS(text, ">new\\x0Aline.jpg</bdi>");
  akin_free(text);
  akin_free(path);
}

/* Links start from the page, whether the images lie beside it, below or elsewhere. */
static void links_are_relative(void **state) {
  akin_error err;
  camera c;
  char *folder = *state;
  char *path = testing_path(folder, "page.html");
  char *beside = testing_path(folder, "be side.jpg"), *below = testing_path(folder, "sub/a:b.jpg");
  char *above = testing_path(folder, "../other.jpg");
  akin_page *page = open_page(path, 0, &c);
  akin_hits *hits = report_question(beside, NULL);
  char *elsewhere = NULL;
  testing_ok(akin_path_absolute(&elsewhere, above, &err), &err);
  report_hit(hits, below, 0.5f);
  report_hit(hits, elsewhere, 0.25f);
  add(page, hits);
  testing_ok(akin_page_close(page, &err), &err);
  char *text = testing_read(path, NULL);
  ASSERT_HAS(text, "href=\"be%20side.jpg\"");
  ASSERT_HAS(text, "href=\"sub/a%3Ab.jpg\"");
  ASSERT_HAS(text, "href=\"../other.jpg\"");
  akin_free(text);
  akin_free(elsewhere);
  akin_free(above);
  akin_free(below);
  akin_free(beside);
  akin_free(path);
}

static void each_picture_is_taken_once_and_inside(void **state) {
  akin_error err;
  camera c;
  char *path = testing_path(*state, "page.html");
  akin_page *page = open_page(path, 0, &c);
  for (unsigned i = 0; i < 3; i++)
    add(page, numbered(i));
  assert_int_equal(c.calls, 3 * 2 + 1);
  testing_ok(akin_page_close(page, &err), &err);
  check(*state, "page.html");
  char *text = testing_read(path, NULL);
  assert_int_equal(count(text, "<section"), 3);
  assert_int_equal(count(text, "data:image/jpeg;base64,L3Avc2hhcmVkLmpwZw=="), 3); /* "/p/shared.jpg" */
  assert_int_equal(count(text, ">0.900<"), 3);
  assert_int_equal(count(text, ">0.500<"), 3);
  ASSERT_HAS(text, "3 questions, model tiny");
  assert_int_equal(entries(*state, ""), 1);
  akin_free(text);
  akin_free(path);
}

static void a_lost_picture_is_a_grey_field(void **state) {
  akin_error err;
  camera c;
  char *path = testing_path(*state, "page.html");
  akin_page *page = open_page(path, 0, &c);
  for (int i = 0; i < 2; i++) {
    akin_hits *hits = report_question("/p/lost <1>.jpg", "/p/b.jpg");
    report_hit(hits, "/p/lost <1>.jpg", 0.5f);
    add(page, hits);
  }
  assert_int_equal(c.calls, 2); /* it is not tried again either */
  testing_ok(akin_page_close(page, &err), &err);
  check(*state, "page.html");
  char *text = testing_read(path, NULL);
  assert_int_equal(count(text, "aria-label=\"lost &lt;1&gt;.jpg, cannot be read\""), 4);
  assert_int_equal(count(text, "<img"), 2);
  ASSERT_HAS(text, "Most like <bdi>lost &lt;1&gt;.jpg</bdi> and <bdi>b.jpg</bdi>");
  akin_free(text);
  akin_free(path);
}

static void an_empty_page_and_an_empty_answer(void **state) {
  akin_error err;
  camera c;
  char *path = testing_path(*state, "page.html");
  testing_ok(akin_page_close(open_page(path, 0, &c), &err), &err);
  check(*state, "page.html");
  char *text = testing_read(path, NULL);
  ASSERT_HAS(text, "There is nothing to show.");
  akin_free(text);
  akin_page *page = open_page(path, 0, &c);
  add(page, report_question("/p/a.jpg", NULL));
  testing_ok(akin_page_close(page, &err), &err);
  check(*state, "page.html");
  text = testing_read(path, NULL);
  ASSERT_HAS(text, "There is no other image in the store.");
  akin_free(text);
  akin_free(path);
}

static void one_file_takes_fifty(void **state) {
  akin_error err;
  camera c;
  char *path = testing_path(*state, "page.html");
  akin_page *page = open_page(path, 0, &c);
  for (unsigned i = 0; i < AKIN_PAGE_QUERIES; i++)
    add(page, numbered(i));
  akin_hits *hits = numbered(50);
  testing_expect(akin_page_add(page, hits, &err), AKIN_ERROR_LIMIT, &err);
  testing_says(&err, "one file takes 50 questions");
  akin_hits_free(hits);
  testing_ok(akin_page_close(page, &err), &err);
  char *text = testing_read(path, NULL);
  assert_int_equal(count(text, "<section"), 50);
  akin_free(text);
  akin_free(path);
}

static void nothing_appears_before_the_close(void **state) {
  camera c;
  char *path = testing_path(*state, "page.html"), *folder = testing_path(*state, "pages");
  testing_write_text(path, "old");
  akin_page *page = open_page(path, 0, &c);
  add(page, numbered(1));
  akin_page_discard(page);
  akin_page_discard(NULL);
  char *text = testing_read(path, NULL);
  assert_string_equal(text, "old");
  page = open_page(folder, 1, &c);
  add(page, numbered(1));
  assert_false(akin_file_exists(folder));
  akin_page_discard(page);
  assert_int_equal(entries(*state, ""), 1);
  akin_free(text);
  akin_free(folder);
  akin_free(path);
}

/* ---- a folder ---- */

static void write_folder(const char *folder, unsigned questions, camera *c) {
  akin_error err;
  akin_page *page = open_page(folder, 1, c);
  for (unsigned i = 0; i < questions; i++)
    add(page, numbered(i));
  testing_ok(akin_page_close(page, &err), &err);
}

static void a_folder_has_pages_of_fifty(void **state) {
  camera c;
  char *folder = testing_path(*state, "pages");
  write_folder(folder, 120, &c);
  assert_int_equal(c.calls, 120 * 2 + 1);
  assert_int_equal(entries(*state, ""), 1);
  assert_int_equal(entries(folder, ""), 4);
  check(folder, "index.html");
  check(folder, "page-2.html");
  check(folder, "page-3.html");
  char *thumbs = testing_path(folder, "thumbs");
  assert_int_equal(entries(thumbs, ""), 120 * 2 + 1 + 1); /* and the tag */
  char *first = read_in(folder, "index.html"), *second = read_in(folder, "page-2.html");
  char *third = read_in(folder, "page-3.html");
  assert_int_equal(count(first, "<section"), 50);
  assert_int_equal(count(second, "<section"), 50);
  assert_int_equal(count(third, "<section"), 20);
  ASSERT_HAS(first, "120 questions, model tiny");
  ASSERT_HAS(first, "All 3 pages");
  ASSERT_HAS(first, "href=\"page-2.html\" rel=\"next\"");
  ASSERT_HAS(second, "href=\"index.html\" rel=\"prev\"");
  ASSERT_HAS(second, "href=\"page-3.html\" rel=\"next\"");
  ASSERT_HAS(third, "href=\"page-2.html\" rel=\"prev\"");
  assert_null(strstr(third, "rel=\"next\""));
  assert_null(strstr(first, "data:image"));
  ASSERT_HAS(third, "id=\"q120\"");
  ASSERT_HAS(third, "/p/own-119.jpg\"");
  akin_free(third);
  akin_free(second);
  akin_free(first);
  akin_free(thumbs);
  akin_free(folder);
}

static void exactly_one_full_page(void **state) {
  camera c;
  char *folder = testing_path(*state, "pages");
  write_folder(folder, 50, &c);
  assert_int_equal(entries(folder, ""), 2);
  char *text = read_in(folder, "index.html");
  assert_int_equal(count(text, "<section"), 50);
  assert_null(strstr(text, "<nav"));
  akin_free(text);
  akin_free(folder);
}

static void an_older_page_is_replaced_as_a_whole(void **state) {
  camera c;
  char *folder = testing_path(*state, "pages"), *thumbs = testing_path(folder, "thumbs");
  write_folder(folder, 120, &c);
  write_folder(folder, 0, &c);
  assert_int_equal(entries(*state, ""), 1);
  assert_int_equal(entries(folder, ""), 2);
  assert_int_equal(entries(thumbs, ""), 1);
  char *tag = read_in(thumbs, "CACHEDIR.TAG");
  assert_true(strncmp(tag, "Signature: 8a477f597d28d172789f06886806bc55\n", 44) == 0);
  akin_free(tag);
  check(folder, "index.html");
  akin_free(thumbs);
  akin_free(folder);
}

static void what_is_no_page_is_never_replaced(void **state) {
  akin_error err;
  camera c = {0};
  akin_page *page = TESTING_POISON;
  char *folder = testing_path(*state, "pages"), *letter = testing_path(folder, "letter.txt");
  assert_int_equal(mkdir(folder, 0700), 0);
  testing_write_text(letter, "dear");
  testing_expect(akin_page_open_with(&page, folder, 1, "t", take_picture, &c, &err), AKIN_ERROR_REFUSED, &err);
  testing_says(&err, "letter.txt");
  assert_null(page);
  testing_expect(akin_page_open_with(&page, letter, 1, "t", take_picture, &c, &err), AKIN_ERROR_REFUSED, &err);
  testing_expect(akin_page_open_with(&page, folder, 0, "t", take_picture, &c, &err), AKIN_ERROR_USAGE, &err);
  assert_int_equal(entries(*state, ""), 1);
  assert_int_equal(entries(folder, ""), 1);
  akin_free(letter);
  akin_free(folder);
}

/* What came to lie there while the page was being made is looked at again. */
static void a_letter_that_came_later(void **state) {
  akin_error err;
  camera c;
  char *folder = testing_path(*state, "pages"), *letter = testing_path(folder, "page-2.html.txt");
  akin_page *page = open_page(folder, 1, &c);
  add(page, numbered(1));
  assert_int_equal(mkdir(folder, 0700), 0);
  testing_write_text(letter, "dear");
  testing_expect(akin_page_close(page, &err), AKIN_ERROR_REFUSED, &err);
  assert_true(akin_file_exists(letter));
  assert_int_equal(entries(*state, ""), 1);
  akin_free(letter);
  akin_free(folder);
}

static void a_folder_that_is_not_there(void **state) {
  akin_error err;
  camera c = {0};
  char *path = testing_path(*state, "missing/page.html");
  for (int folder = 0; folder < 2; folder++) {
    akin_page *page = TESTING_POISON;
    testing_expect(akin_page_open_with(&page, path, folder, "t", take_picture, &c, &err), AKIN_ERROR_NOT_FOUND, &err);
    testing_says(&err, "missing");
    assert_null(page);
  }
  akin_free(path);
}

/* ---- failures ---- */

static void a_failed_question_leaves_no_trace(void **state) {
  akin_error err;
  camera c;
  char *path = testing_path(*state, "page.html");
  akin_page *page = open_page(path, 0, &c);
  add(page, numbered(1));
  akin_hits *hits = report_question("/p/2.jpg", NULL);
  report_hit(hits, "/p/lost.jpg", 0.5f);
  c.fails = AKIN_ERROR_MEMORY;
  testing_expect(akin_page_add(page, hits, &err), AKIN_ERROR_MEMORY, &err);
  testing_says(&err, "is lost");
  akin_hits_free(hits);
  add(page, numbered(3));
  testing_ok(akin_page_close(page, &err), &err);
  check(*state, "page.html");
  char *text = testing_read(path, NULL);
  assert_int_equal(count(text, "<section"), 2);
  assert_null(strstr(text, "lost.jpg"));
  akin_free(text);
  akin_free(path);
}

typedef struct page_case {
  const char *path;
  int folder;
} page_case;

static akin_status make_page(void *context) {
  const page_case *p = context;
  akin_error err;
  camera c = {0, AKIN_ERROR_FORMAT};
  akin_page *page = TESTING_POISON;
  akin_hits *hits = NULL;
  akin_status status = akin_page_open_with(&page, p->path, p->folder, "t", take_picture, &c, &err);
  if (status) {
    assert_null(page);
    return status;
  }
  if (!(status = akin_hits_new(&hits, "m", &err)) && !(status = akin_hits_add_query(hits, "/a", &err)) &&
      !(status = akin_hits_add(hits, "/lost", 0.5f, 1, 1, &err)))
    status = akin_page_add(page, hits, &err);
  akin_hits_free(hits);
  if (!status) return akin_page_close(page, &err);
  akin_page_discard(page);
  return status;
}

static void without_memory(void **state) {
  static const char *const names[] = {"page.html", "pages"};
  for (int folder = 0; folder < 2; folder++) {
    char *path = testing_path(*state, names[folder]);
    page_case p = {path, folder};
    assert_true(testing_fail_allocations(make_page, &p, true) > 20);
    assert_int_equal(entries(*state, ""), folder + 1);
    assert_true(testing_fail_allocations(make_page, &p, false) > 20);
    assert_int_equal(entries(*state, ""), folder + 1); /* no unfinished work is left */
    akin_free(path);
  }
}

int main(void) {
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)
  const struct CMUnitTest tests[] = {
      IN_A_FOLDER(hostile_names_are_shown_harmlessly),
      IN_A_FOLDER(links_are_relative),
      IN_A_FOLDER(each_picture_is_taken_once_and_inside),
      IN_A_FOLDER(a_lost_picture_is_a_grey_field),
      IN_A_FOLDER(an_empty_page_and_an_empty_answer),
      IN_A_FOLDER(one_file_takes_fifty),
      IN_A_FOLDER(nothing_appears_before_the_close),
      IN_A_FOLDER(a_folder_has_pages_of_fifty),
      IN_A_FOLDER(exactly_one_full_page),
      IN_A_FOLDER(an_older_page_is_replaced_as_a_whole),
      IN_A_FOLDER(what_is_no_page_is_never_replaced),
      IN_A_FOLDER(a_letter_that_came_later),
      IN_A_FOLDER(a_folder_that_is_not_there),
      IN_A_FOLDER(a_failed_question_leaves_no_trace),
      IN_A_FOLDER(without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
