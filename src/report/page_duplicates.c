/* page_duplicates.c - a group of near-identical images as a section of a page: the best copy, then the others. */
#include "base/error.h"
#include "base/memory.h"
#include "base/path.h"
#include "report/page_html.h"

#include <string.h>

/* "1600 × 1200, 512 kB, in holidays": copies often have one name, in different folders. */
static akin_status duplicates_note(char **out, const akin_duplicate *d, akin_error *err) {
  const double kilobytes = (double)d->bytes / 1000;
  const bool large = kilobytes >= 999.5;
  const double shown = large ? kilobytes / 1000 : kilobytes < 1 && d->bytes > 0 ? 1 : kilobytes;
  char *folder = akin_path_folder(d->path);
  *out = folder ? akin_format("%u × %u, %.*f %s, in %s", d->width, d->height, large ? 1 : 0, shown, large ? "MB" : "kB",
                              akin_path_name(folder))
                : NULL;
  akin_free(folder);
  return *out ? AKIN_OK : akin_fail_memory(err, strlen(d->path));
}

static akin_status duplicates_card(akin_sink *out, const akin_duplicate *d, size_t index, const char *base,
                                   akin_pictures *pictures, akin_error *err) {
  static const char *const tags[] = {"Best", "Same content", NULL, "Mirrored"};
  const akin_hit hit = {.rank = (uint32_t)index + 1, .score = d->score, .path = d->path, .percentile = -1};
  char *note = NULL;
  akin_status status = duplicates_note(&note, d, err);
  if (status) return status;
  const akin_page_card card = {.path = d->path, .hit = index ? &hit : NULL, .tag = tags[d->copy], .note = note};
  status = akin_page_html_card(out, &card, base, pictures, err);
  akin_free(note);
  return status;
}

static akin_status duplicates_section(akin_sink *out, const void *content, size_t number, const char *base,
                                      akin_pictures *pictures, akin_error *err) {
  const akin_duplicate_group *group = content;
  akin_sink_printf(out, "<section aria-labelledby=\"q%zu\">\n<h2 id=\"q%zu\">%zu copies of <bdi>", number, number,
                   group->count);
  akin_sink_html(out, akin_path_name(group->images[0].path));
  akin_sink_text(out, "</bdi></h2>\n<div class=\"row\">\n");
  akin_status status = duplicates_card(out, &group->images[0], 0, base, pictures, err);
  akin_sink_text(out, "<ol>\n");
  for (size_t i = 1; !status && i < group->count; i++)
    status = duplicates_card(out, &group->images[i], i, base, pictures, err);
  akin_sink_text(out, "</ol>\n</div>\n</section>\n");
  return status ? status : akin_sink_check(out, err);
}

akin_status akin_page_add_duplicates(akin_page *page, const akin_duplicate_group *group, akin_error *err) {
  akin_page_call_sections(page, "group");
  return akin_page_add_section(page, group->model, duplicates_section, group, err);
}
