// A team of threads that split a piece of work and meet again at its end.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace glassnet {

// Work is split into ranges of whole tasks (columns or rows of a result), never within a sum, so
// results have the same bits with any number of threads.
class Team {
public:
    explicit Team(int size) : size_(size) {}
    Team(const Team&) = delete;
    ~Team() { dismiss(); }

    int size() const { return size_; }

    // Call work(first, last, member) for parts of 0 … tasks, and return when all are done. Whoever
    // is free takes the next part: where the machine is busy and a thread does not come, the others
    // do its part, and nobody waits for it.
    template <class Work> void split(int tasks, bool worth_it, const Work& work) {
        if (!worth_it || size_ == 1 || tasks < 2) return work(0, tasks, 0);
        gather();
        tasks_ = tasks, parts_ = std::min({2 * size_, tasks, 0xffff});
        work_ = &work;
        call_ = [](const void* w, int first, int last, int member) {
            (*static_cast<const Work*>(w))(first, last, member);
        };
        done_.store(0, std::memory_order_relaxed);
        const uint32_t round = round_.load(std::memory_order_relaxed) + 1;
#if defined(__linux__)
        leader_cpu_.store(sched_getcpu(), std::memory_order_relaxed);
#endif
        next_.store(uint64_t(round) << 32 | uint64_t(parts_) << 16, std::memory_order_release);
        round_.store(round, std::memory_order_release);
        round_.notify_all();
        help(round, 0);
        await(done_, [this](int done) { return done == parts_; });
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    }

private:
    // Threads do not survive a fork: a child that inherited a team gathers one of its own, and
    // leaves the records of its parent's threads, which are not there, alone.
    void gather() {
        if (members_ && crew_of_ == getpid()) return;
        members_ = new std::vector<std::thread>;
        crew_of_ = getpid();
        round_.store(0);
        next_.store(0);
#if defined(__linux__)
        if (sched_getaffinity(0, sizeof allowed_, &allowed_)) CPU_ZERO(&allowed_);
#endif
        try {
            for (int member = 1; member < size_; ++member)
                members_->emplace_back([this, member] { serve(member); });
        } catch (const std::system_error&) {
            // There may be no more threads to have: those that came do the work.
        }
    }
    void dismiss() {
        if (!members_ || crew_of_ != getpid()) return;
        dismissed_.store(true, std::memory_order_relaxed);
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
        for (auto& thread : *members_) thread.join();
        delete members_;
    }
    void serve(int member) {
        for (uint32_t seen = 0;;) {
            await(round_, [seen](uint32_t round) { return round != seen; });
            seen = round_.load(std::memory_order_acquire);
            if (dismissed_.load(std::memory_order_relaxed)) return;
            step_aside();
            help(seen, member);
        }
    }
    // The kernel may leave a thread that it wakes on the processor of the one that woke it, where
    // neither gets anywhere while the other looks for work: then go to another processor.
    void step_aside() {
#if defined(__linux__)
        const int here = sched_getcpu();
        if (here < 0 || here != leader_cpu_.load(std::memory_order_relaxed) || CPU_COUNT(&allowed_) < 2) return;
        cpu_set_t others = allowed_;
        CPU_CLR(here, &others);
        sched_setaffinity(0, sizeof others, &others);
#endif
    }
    // Take parts of a round as long as there are any. A round cannot end, nor its work change,
    // while a part that was taken is not done; before one is taken, only `next_` can be relied on.
    void help(uint32_t round, int member) {
        for (;;) {
            uint64_t next = next_.load(std::memory_order_acquire);
            int parts, part;
            do {
                parts = int(next >> 16 & 0xffff), part = int(next & 0xffff);
                if (next >> 32 != round || part >= parts) return;
            } while (!next_.compare_exchange_weak(next, next + 1, std::memory_order_acq_rel));
            try {
                call_(work_, int(int64_t(tasks_) * part / parts), int(int64_t(tasks_) * (part + 1) / parts), member);
            } catch (...) {
                std::lock_guard lock(guard_);
                if (!thrown_) thrown_ = std::current_exception();
            }
            if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == parts) done_.notify_all();
        }
    }
    // The next piece of work mostly comes within microseconds: look often before going to sleep.
    template <class Number, class Done>
    static void await(std::atomic<Number>& number, const Done& done) {
        for (int look = 0; look < 20000; ++look) {
            if (done(number.load(std::memory_order_acquire))) return;
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
        for (Number now; !done(now = number.load(std::memory_order_acquire));) number.wait(now);
    }

    const int size_;
    std::vector<std::thread>* members_ = nullptr;
    pid_t crew_of_ = 0;
    int tasks_ = 0, parts_ = 1;
    std::mutex guard_;
    std::exception_ptr thrown_;  // by a part of the work
    const void* work_ = nullptr;
    void (*call_)(const void*, int, int, int) = nullptr;
    std::atomic<bool> dismissed_{false};
#if defined(__linux__)
    cpu_set_t allowed_{};
    std::atomic<int> leader_cpu_{-1};
#endif
    alignas(64) std::atomic<uint32_t> round_{0};  // counts pieces of work
    alignas(64) std::atomic<uint64_t> next_{0};   // the round, its parts, and the one to take next
    alignas(64) std::atomic<int> done_{0};        // parts
};

}  // namespace glassnet
