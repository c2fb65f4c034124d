// What the processes under test cost: time from the scheduler's own books, memory from their maps.
#pragma once

#include "schedstat.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int process_count, processes[256];

struct cost {
  double cpu, user, system; // µs since the processes began
};

static void parse_processes(char *text) {
  for (char *id = strtok(text, ","); id && process_count < 256; id = strtok(0, ","))
    processes[process_count++] = atoi(id);
}

static double cpu_us(void) {
  double total = 0;
  for (int i = 0; i < process_count; i++) total += schedstat_ns(processes[i]);
  return total / 1e3;
}

// The ticks of /proc/PID/stat tell user from system.
static struct cost cost_now(void) {
  struct cost cost = {.cpu = cpu_us()};
  double tick_us = 1e6 / sysconf(_SC_CLK_TCK);
  for (int i = 0; i < process_count; i++) {
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/stat", processes[i]);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    char *after_name = strrchr(text, ')');
    long user, system;
    if (after_name &&
        sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system) == 2) {
      cost.user += user * tick_us;
      cost.system += system * tick_us;
    }
  }
  return cost;
}

static long memory_kb(const char *field) {
  long total = 0;
  for (int i = 0; i < process_count; i++) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", processes[i]);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    while (fgets(line, sizeof line, file))
      if (!strncmp(line, field, strlen(field))) total += atol(line + strlen(field));
    fclose(file);
  }
  return total;
}
