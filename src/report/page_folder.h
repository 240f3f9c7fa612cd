/*
 * page_folder.h - a page in a folder comes into being beside its place and takes it as a whole. A folder that holds
 * anything but an older page is never replaced.
 */
#ifndef AKIN_REPORT_PAGE_FOLDER_H
#define AKIN_REPORT_PAGE_FOLDER_H

#include <akin/status.h>

/* REFUSED when a page may not replace what lies at path. */
akin_status akin_page_folder_check(const char *path, akin_error *err);
/* An empty folder with thumbs/ in it beside path; freed with akin_free. */
akin_status akin_page_folder_begin(char **work, const char *path, akin_error *err);
/* work takes the place of path, what was there is removed. */
akin_status akin_page_folder_finish(const char *work, const char *path, akin_error *err);

#endif
