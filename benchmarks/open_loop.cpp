// Asks an HTTP server at a rate of its own, whether or not the answers keep up: an open loop.
//
//     open_loop PORT RATE WARM SECONDS MOST SEED REQUESTS
//
// Requests arrive as a Poisson process. A latency counts from the moment at which the request should
// have been sent, so that a server that stands still is charged for all who would have come in
// meanwhile. Connections are kept, and new ones made while all are busy, up to MOST; beyond that
// requests wait here, and their time runs. REQUESTS is a file of whole requests, each behind its
// length (4 bytes, little endian), sent in turn. Those of the first WARM seconds are not counted.
//
// Prints JSON: how many were answered with which status, how many were dropped (the connection ended
// before the answer) or never answered (5 s after the last), and percentiles of the latency in ms;
// "p99" is that of all requests, where what was not answered with 200 took for ever (null).

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <strings.h>
#include <vector>

namespace {

constexpr double patience = 5.0;

double now() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

struct Connection {
    int fd = -1;
    bool busy = false;
    double scheduled = 0;
    const std::string* request = nullptr;
    size_t written = 0;
    bool wants_out = false;
    std::string answer;
};

struct Answer {
    int status = 0;
    size_t size = 0;  // of head and body; 0 while it is not whole
    bool close = false;
};

Answer parse(const std::string& text) {
    Answer found;
    size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return found;
    found.status = std::atoi(text.c_str() + 9);
    long length = -1;
    for (size_t at = text.find("\r\n") + 2; at < end;) {
        size_t stop = text.find("\r\n", at);
        const char* line = text.c_str() + at;
        if (!strncasecmp(line, "content-length:", 15)) length = std::atol(line + 15);
        if (!strncasecmp(line, "connection: close", 17)) found.close = true;
        at = stop + 2;
    }
    if (length < 0) {
        std::fprintf(stderr, "an answer without Content-Length\n");
        std::exit(1);
    }
    if (text.size() >= end + 4 + static_cast<size_t>(length)) found.size = end + 4 + length;
    return found;
}

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    size_t k = std::min(values.size() - 1, static_cast<size_t>(share * values.size()));
    std::nth_element(values.begin(), values.begin() + k, values.end());
    return 1000 * values[k];
}

class Client {
  public:
    Client(int port, size_t most) : most_(most), poll_(epoll_create1(0)) {
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<uint16_t>(port));
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }

    void run(double rate, double warm, double seconds, unsigned seed,
             const std::vector<std::string>& requests) {
        std::mt19937_64 random(seed);
        std::exponential_distribution<double> gap(rate);
        const double begin = now();
        counted_from_ = begin + warm;
        const double end = begin + warm + seconds;
        double next = begin + gap(random);
        size_t turn = random() % requests.size();
        while (true) {
            double moment = now();
            for (; next <= moment && next < end; next += gap(random)) {
                waiting_.push_back({next, &requests[turn++ % requests.size()]});
                asked_ += next >= counted_from_;
            }
            send_waiting();
            if (next >= end && !under_way_ && waiting_.empty()) break;
            if (moment > end + patience) break;
            double until = next < end ? next : end + patience + 0.001;
            look(std::max(0.0, std::min(until - now(), 0.1)));
        }
        report(rate, seconds);
    }

  private:
    struct Waiting {
        double scheduled;
        const std::string* request;
    };

    void send_waiting() {
        while (!waiting_.empty()) {
            Connection* one;
            if (!idle_.empty()) {
                one = idle_.back();
                idle_.pop_back();
                if (one->fd < 0) continue;
            } else if (open_ < most_) {
                one = connect_one();
            } else {
                return;
            }
            Waiting asked = waiting_.front();
            waiting_.pop_front();
            one->busy = true;
            one->scheduled = asked.scheduled;
            one->request = asked.request;
            one->written = 0;
            one->answer.clear();
            ++under_way_;
            if (asked.scheduled >= counted_from_) late_.push_back(now() - asked.scheduled);
            if (!one->wants_out) write_on(one);
        }
    }

    Connection* connect_one() {
        all_.push_back(std::make_unique<Connection>());
        Connection* one = all_.back().get();
        one->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (one->fd < 0) { std::perror("socket"); std::exit(1); }
        int on = 1;
        setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        int made = connect(one->fd, reinterpret_cast<sockaddr*>(&address_), sizeof address_);
        if (made < 0 && errno != EINPROGRESS) { std::perror("connect"); std::exit(1); }
        one->wants_out = made < 0;
        ++open_;
        ++opened_;
        epoll_event event{};
        event.events = one->wants_out ? EPOLLIN | EPOLLOUT : EPOLLIN;
        event.data.ptr = one;
        epoll_ctl(poll_, EPOLL_CTL_ADD, one->fd, &event);
        return one;
    }

    void want_out(Connection* one, bool wants) {
        if (one->wants_out == wants) return;
        one->wants_out = wants;
        epoll_event event{};
        event.events = wants ? EPOLLIN | EPOLLOUT : EPOLLIN;
        event.data.ptr = one;
        epoll_ctl(poll_, EPOLL_CTL_MOD, one->fd, &event);
    }

    void write_on(Connection* one) {
        while (one->written < one->request->size()) {
            ssize_t n = send(one->fd, one->request->data() + one->written,
                             one->request->size() - one->written, MSG_NOSIGNAL);
            if (n < 0) {
                if (errno == EAGAIN) { want_out(one, true); return; }
                if (errno == EINTR) continue;
                lose(one);
                return;
            }
            one->written += n;
        }
        want_out(one, false);
    }

    void read_on(Connection* one) {
        char buffer[1 << 16];
        ssize_t n = recv(one->fd, buffer, sizeof buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) { lose(one); return; }
        one->answer.append(buffer, n);
        if (!one->busy) { lose(one); return; }
        Answer found = parse(one->answer);
        if (!found.size) return;
        if (one->scheduled >= counted_from_) latencies_[found.status].push_back(now() - one->scheduled);
        one->busy = false;
        --under_way_;
        if (found.close || one->written < one->request->size()) {
            shut(one);
        } else {
            one->answer.clear();
            idle_.push_back(one);
        }
    }

    void lose(Connection* one) {
        if (one->busy) {
            dropped_ += one->scheduled >= counted_from_;
            one->busy = false;
            --under_way_;
        } else {
            idle_.erase(std::remove(idle_.begin(), idle_.end(), one), idle_.end());
        }
        shut(one);
    }

    void shut(Connection* one) {
        if (one->fd < 0) return;
        close(one->fd);
        one->fd = -1;
        --open_;
    }

    void look(double patience_now) {
        epoll_event events[512];
        timespec most{0, static_cast<long>(patience_now * 1e9)};
        int n = epoll_pwait2(poll_, events, 512, &most, nullptr);
        for (int k = 0; k < n; ++k) {
            auto* one = static_cast<Connection*>(events[k].data.ptr);
            if (one->fd < 0) continue;
            if (events[k].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) read_on(one);
            if (one->fd >= 0 && (events[k].events & EPOLLOUT)) {
                if (one->busy) write_on(one); else want_out(one, false);
            }
        }
    }

    void report(double rate, double seconds) {
        rusage used{};
        getrusage(RUSAGE_SELF, &used);
        auto in_seconds = [](timeval t) { return t.tv_sec + 1e-6 * t.tv_usec; };
        size_t answered = 0;
        std::printf("{\"rate\": %.1f, \"asked\": %zu, \"statuses\": {", rate, asked_);
        bool first = true;
        for (auto& [status, values] : latencies_) {
            answered += values.size();
            double p50 = percentile(values, 0.5), p99 = percentile(values, 0.99);
            std::printf("%s\"%d\": {\"count\": %zu, \"per_second\": %.1f, \"p50\": %.4g, "
                        "\"p99\": %.4g, \"p999\": %.4g, \"most\": %.4g}",
                        first ? "" : ", ", status, values.size(), values.size() / seconds, p50, p99,
                        percentile(values, 0.999), percentile(values, 1));
            first = false;
        }
        auto& good = latencies_[200];
        const size_t k = static_cast<size_t>(0.99 * static_cast<double>(asked_));
        if (asked_ && k < good.size()) {
            std::nth_element(good.begin(), good.begin() + k, good.end());
            std::printf("}, \"p99\": %.4g", 1000 * good[k]);
        } else {
            std::printf("}, \"p99\": null");
        }
        std::printf(", \"dropped\": %zu, \"unanswered\": %zu, \"connections\": %zu, "
                    "\"late_p99\": %.4g, \"cpu\": %.3f}\n",
                    dropped_, asked_ - answered - dropped_, opened_, percentile(late_, 0.99),
                    in_seconds(used.ru_utime) + in_seconds(used.ru_stime));
    }

    size_t most_;
    int poll_;
    sockaddr_in address_{};
    double counted_from_ = 0;
    std::vector<std::unique_ptr<Connection>> all_;
    std::vector<Connection*> idle_;
    std::deque<Waiting> waiting_;
    std::map<int, std::vector<double>> latencies_;
    std::vector<double> late_;
    size_t open_ = 0, opened_ = 0, under_way_ = 0, asked_ = 0, dropped_ = 0;
};

std::vector<std::string> read_requests(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::string> found;
    uint32_t size;
    while (file.read(reinterpret_cast<char*>(&size), 4)) {
        found.emplace_back(size, '\0');
        file.read(found.back().data(), size);
    }
    return found;
}

}  // namespace

int main(int count, char** given) {
    if (count != 8) {
        std::fprintf(stderr, "open_loop PORT RATE WARM SECONDS MOST SEED REQUESTS\n");
        return 2;
    }
    auto requests = read_requests(given[7]);
    Client(std::atoi(given[1]), std::atoi(given[5]))
        .run(std::atof(given[2]), std::atof(given[3]), std::atof(given[4]), std::atoi(given[6]),
             requests);
}
