// Many small pieces of work, cut into ever other numbers of parts: each task is done exactly once.
#include <atomic>
#include <cstdio>

#include "team.hpp"

int main() {
    glassnet::Team team(3);
    for (int i = 0; i < 500000; ++i) {
        const int tasks = 2 + i % 7;
        std::atomic<int> done{0};
        team.split(tasks, true, [&](int first, int last, int) { done += last - first; });
        if (done != tasks) return std::printf("%d of %d tasks\n", done.load(), tasks), 1;
    }
}
