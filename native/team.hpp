// A team of threads that split a piece of work and meet again at its end.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <thread>
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

    // Call work(first, last, member) for parts of 0 … tasks, one part a member, and wait for all.
    template <class Work> void split(int tasks, bool worth_it, const Work& work) {
        if (!worth_it || size_ == 1 || tasks < 2) return work(0, tasks, 0);
        gather();
        tasks_ = tasks;
        work_ = &work;
        call_ = [](const void* w, int first, int last, int member) {
            (*static_cast<const Work*>(w))(first, last, member);
        };
        busy_.store(size_ - 1, std::memory_order_relaxed);
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
        part(0);
        await(busy_, [](int busy) { return busy == 0; });
    }

private:
    // Threads do not survive a fork: a child that inherited a team gathers one of its own, and
    // leaves the records of its parent's threads, which are not there, alone.
    void gather() {
        if (members_ && crew_of_ == getpid()) return;
        members_ = new std::vector<std::thread>;
        crew_of_ = getpid();
        round_.store(0);
        for (int member = 1; member < size_; ++member)
            members_->emplace_back([this, member] { serve(member); });
    }
    void dismiss() {
        if (!members_ || crew_of_ != getpid()) return;
        call_ = nullptr;
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
        for (auto& thread : *members_) thread.join();
        delete members_;
    }
    void serve(int member) {
        for (uint32_t seen = 0;;) {
            await(round_, [seen](uint32_t round) { return round != seen; });
            ++seen;
            if (!call_) return;
            part(member);
            if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_all();
        }
    }
    void part(int member) {
        call_(work_, int(int64_t(tasks_) * member / size_),
              int(int64_t(tasks_) * (member + 1) / size_), member);
    }
    // The next piece of work mostly comes within microseconds: look often before going to sleep.
    template <class Number, class Done>
    static void await(std::atomic<Number>& number, const Done& done) {
        for (int look = 0; look < 4000; ++look) {
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
    int tasks_ = 0;
    const void* work_ = nullptr;
    void (*call_)(const void*, int, int, int) = nullptr;
    alignas(64) std::atomic<uint32_t> round_{0};
    alignas(64) std::atomic<int> busy_{0};
};

}  // namespace glassnet
