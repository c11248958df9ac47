import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;

/** Asks a service with the client of Java, as it is unless told otherwise; prints each status and body in a line. */
class Client {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws Exception {
        String address = arguments[0], rows = arguments[1];
        Path picture = Path.of(arguments[2]);
        send(at(address + "/v2/health/ready").GET());
        send(post(address + "/predict", "application/json", BodyPublishers.ofString(rows)));
        send(post(address + "/predict/image?model=digits", "image/png", BodyPublishers.ofFile(picture)));
        send(post(address + "/predict", "application/json", BodyPublishers.ofString("{\"rows\": [1]}")));
        send(post(address + "/predict", "application/json", BodyPublishers.ofString(rows)));
    }

    static HttpRequest.Builder at(String address) {
        return HttpRequest.newBuilder(URI.create(address));
    }

    static HttpRequest.Builder post(String address, String kind, BodyPublisher body) {
        return at(address).header("Content-Type", kind).POST(body);
    }

    static void send(HttpRequest.Builder asked) throws Exception {
        var told = CLIENT.send(asked.build(), BodyHandlers.ofString());
        System.out.println(told.statusCode() + " " + told.body().strip());
    }
}
