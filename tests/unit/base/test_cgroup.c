/* test_cgroup.c - quotas read from imitated systems: v1, v2, both, containers, and what is damaged. */
#include "unit/testing.h"

#include "base/cgroup.h"

/* Writes folder/name with the folders above it. */
static void put(const char *folder, const char *name, const char *text) {
  akin_error err;
  char *path = testing_path(folder, name), *above = akin_path_folder(path);
  testing_ok(akin_path_create_folder(above, false, &err), &err);
  testing_write_text(path, text);
  akin_free(above);
  akin_free(path);
}

#define MOUNTINFO  "proc/self/mountinfo"
#define GROUP      "proc/self/cgroup"
#define OTHER_LINE "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define V2_LINE    "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static void nothing_known_is_no_limit(void **state) {
  assert_int_equal(akin_cgroup_cores(*state), 0);
  put(*state, MOUNTINFO, OTHER_LINE V2_LINE);
  assert_int_equal(akin_cgroup_cores(*state), 0);
  put(*state, GROUP, "0::/\n");
  assert_int_equal(akin_cgroup_cores(*state), 0);
}

static void v2_the_least_of_all_groups_above(void **state) {
  put(*state, MOUNTINFO, OTHER_LINE V2_LINE);
  put(*state, GROUP, "0::/user.slice/job\n");
  put(*state, "sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 0);
  put(*state, "sys/fs/cgroup/user.slice/cpu.max", "350000 100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 4); /* rounded up */
  put(*state, "sys/fs/cgroup/user.slice/job/cpu.max", "800000 100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 4);
  put(*state, "sys/fs/cgroup/user.slice/job/cpu.max", "200000 100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 2);
  put(*state, "sys/fs/cgroup/cpu.max", "1000 100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 1);
  put(*state, GROUP, "0::/j\n");
  assert_int_equal(akin_cgroup_cores(*state), 1);
}

static void v2_of_another_process_is_not_ours(void **state) {
  put(*state, MOUNTINFO, V2_LINE);
  put(*state, GROUP, "0::/mine\n");
  put(*state, "sys/fs/cgroup/other/cpu.max", "100000 100000\n");
  put(*state, "sys/fs/cgroup/mine/sub/cpu.max", "100000 100000\n"); /* below us */
  put(*state, "sys/fs/cgroup/mine2/cpu.max", "100000 100000\n");
  put(*state, "sys/fs/cgroup/mine/cpu.max", "500000 100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 5);
}

#define V1_LINES                                                                                                       \
  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"                                        \
  "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
#define V1_GROUPS "11:cpuset:/wrong\n4:cpu,cpuacct:/job\n1:name=systemd:/wrong\n0::/\n"

static void v1_quota_and_period(void **state) {
  put(*state, MOUNTINFO, OTHER_LINE V1_LINES);
  put(*state, GROUP, V1_GROUPS);
  put(*state, "sys/fs/cgroup/cpuset/wrong/cpu.cfs_quota_us", "1\n");
  put(*state, "sys/fs/cgroup/cpuset/wrong/cpu.cfs_period_us", "1\n");
  put(*state, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  put(*state, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 0);
  put(*state, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "150000\n");
  assert_int_equal(akin_cgroup_cores(*state), 2);
}

/* Docker on v1: the group's path is the host's, the mount shows its group as the root. */
static void in_a_container(void **state) {
  put(*state, MOUNTINFO, "40 39 0:29 /docker/7f /sys/fs/cgroup/cpu ro master:9 - cgroup cgroup rw,cpu\n");
  put(*state, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n");
  put(*state, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
  put(*state, GROUP, "4:cpu:/docker/7f\n");
  assert_int_equal(akin_cgroup_cores(*state), 3);
  put(*state, GROUP, "4:cpu:/docker/7f/inner\n");
  put(*state, "sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "50000\n");
  put(*state, "sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 2);
  put(*state, GROUP, "4:cpu:/elsewhere\n"); /* not under what is mounted */
  assert_int_equal(akin_cgroup_cores(*state), 3);
  put(*state, GROUP, "4:cpu:/docker/7f/../../secret\n");
  put(*state, "sys/fs/secret/cpu.cfs_quota_us", "1\n");
  put(*state, "sys/fs/secret/cpu.cfs_period_us", "1\n");
  assert_int_equal(akin_cgroup_cores(*state), 3);
}

static void both_versions_at_once(void **state) {
  put(*state, MOUNTINFO, V1_LINES "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  put(*state, GROUP, V1_GROUPS);
  put(*state, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
  put(*state, "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 3);
  put(*state, "sys/fs/cgroup/unified/cpu.max", "100000 100000\n");
  assert_int_equal(akin_cgroup_cores(*state), 1);
}

static void a_mount_point_with_a_space(void **state) {
  put(*state, MOUNTINFO, "31 23 0:28 / /my\\040mounts/c\\134g rw - cgroup2 cgroup2 rw\n");
  put(*state, GROUP, "0::/a b\n");
  put(*state, "my mounts/c\\g/a b/cpu.max", "200000 100000");
  assert_int_equal(akin_cgroup_cores(*state), 2);
}

static void damaged_files_set_no_limit(void **state) {
  static const char *const quotas[] = {"",           "\n",          "abc 100000\n", "100000\n",
                                       "100000 0\n", "0 100000\n",  "-5 10",        "99999999999 1",
                                       "1e5 100000", "100000 -1\n", "max\n"};
  put(*state, MOUNTINFO,
      "\n31\n31 23 0:28 /\n31 23 0:28 / /x rw\n31 23 0:28 / /x rw -\n31 23 0:28 / /x rw - cgroup2\n" V2_LINE);
  put(*state, GROUP, "\n0\n0:\n::\n0::/\n");
  for (size_t i = 0; i < sizeof quotas / sizeof quotas[0]; i++) {
    put(*state, "sys/fs/cgroup/cpu.max", quotas[i]);
    assert_int_equal(akin_cgroup_cores(*state), 0);
  }
  put(*state, "sys/fs/cgroup/cpu.max", "300000 100000"); /* and the same system with a sound one */
  assert_int_equal(akin_cgroup_cores(*state), 3);
}

static void without_memory_there_is_no_limit(void **state) {
  put(*state, MOUNTINFO, V2_LINE);
  put(*state, GROUP, "0::/a/b\n");
  put(*state, "sys/fs/cgroup/a/b/cpu.max", "300000 100000");
  akin_memory_fail_at(0, true);
  assert_int_equal(akin_cgroup_cores(*state), 3);
  const uint64_t needed = akin_memory_count();
  assert_true(needed > 5);
  for (uint64_t nth = 1; nth <= needed; nth++) {
    akin_memory_fail_at(nth, false);
    const unsigned cores = akin_cgroup_cores(*state);
    akin_memory_fail_at(0, true);
    assert_true(cores == 0 || cores == 3);
  }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, testing_setup, testing_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(nothing_known_is_no_limit),
      IN_FOLDER(v2_the_least_of_all_groups_above),
      IN_FOLDER(v2_of_another_process_is_not_ours),
      IN_FOLDER(v1_quota_and_period),
      IN_FOLDER(in_a_container),
      IN_FOLDER(both_versions_at_once),
      IN_FOLDER(a_mount_point_with_a_space),
      IN_FOLDER(damaged_files_set_no_limit),
      IN_FOLDER(without_memory_there_is_no_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
