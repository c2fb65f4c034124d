// What a process has cost, from the scheduler's own books.
#pragma once

#include <dirent.h>
#include <stdio.h>

// schedstat of every thread, in ns: exact, but without the threads that have ended.
static double schedstat_ns(int process) {
  char folder[64];
  double total = 0;
  snprintf(folder, sizeof folder, "/proc/%d/task", process);
  DIR *threads = opendir(folder);
  if (!threads) return 0;
  for (struct dirent *thread; (thread = readdir(threads));) {
    char path[400];
    if (thread->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s/schedstat", folder, thread->d_name);
    FILE *file = fopen(path, "r");
    double nanoseconds;
    if (file && fscanf(file, "%lf", &nanoseconds) == 1) total += nanoseconds;
    if (file) fclose(file);
  }
  closedir(threads);
  return total;
}
