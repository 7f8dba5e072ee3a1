// What the parts of the test program share.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

extern std::atomic<long> allocations;  // so far
extern int failures;

std::vector<float> noise(std::size_t size, float largest = 1.0f);

void check_wavenets();
