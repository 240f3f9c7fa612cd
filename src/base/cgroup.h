/* cgroup.h - how many cores the control groups of this process leave it. */
#ifndef AKIN_BASE_CGROUP_H
#define AKIN_BASE_CGROUP_H

/*
 * The least quota, in cores rounded up, of this process' group and all above it: v2 cpu.max, v1 cpu.cfs_quota_us; 0
 * when there is none. root is "" for the real system; tests give a folder in which proc/self/cgroup,
 * proc/self/mountinfo and the mounted trees are imitated.
 */
unsigned akin_cgroup_cores(const char *root);

#endif
