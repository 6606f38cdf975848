import io.nats.client.Connection;
import io.nats.client.ErrorListener;
import io.nats.client.JetStream;
import io.nats.client.JetStreamOptions;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.PublishAck;
import io.nats.client.impl.Headers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Publishes as a producer by jnats: structured, binary, and where it must not. Prints what came of it as one line of JSON. */
public class Producer {
  public static void main(String[] args) throws Exception {
    String actor = args[1];
    List<String> errors = new CopyOnWriteArrayList<>();
    ErrorListener listener = new ErrorListener() {
      @Override
      public void errorOccurred(Connection connection, String error) {
        errors.add('"' + error.replace("\\", "\\\\").replace("\"", "\\\"") + '"');
      }
    };
    Connection nc = Nats.connect(new Options.Builder().server(args[0]).errorListener(listener).build());
    JetStream js = nc.jetStream(JetStreamOptions.builder().requestTimeout(Duration.ofSeconds(2)).build());
    String event = "{\"specversion\":\"1.0\",\"id\":\"s-1\",\"source\":\"/java\",\"type\":\"add\",\"time\":\"2026-01-02t03:04:05z\","
        + "\"subject\":\"order 7\",\"traceparent\":null,\"data\":{\"by\":1}}";
    Headers id = new Headers().add("Nats-Msg-Id", actor + "/s-1");
    PublishAck first = js.publish("in." + actor, id, bytes(event));
    PublishAck again = js.publish("in." + actor, id, bytes(event));
    Headers headers = new Headers().add("ce-specversion", "1.0").add("ce-id", "b-1").add("ce-source", "/java").add("ce-type", "add")
        .add("ce-subject", "order%208").add("content-type", "application/json");
    PublishAck binary = js.publish("in." + actor, headers, bytes("{\"by\":2}"));
    String forbidden = "acknowledged";
    try {
      js.publish("log.0.acme.toy.forbidden", bytes("{}"));
    } catch (Exception error) {
      forbidden = error.getClass().getSimpleName() + ": " + error.getMessage();
    }
    nc.close();
    System.out.printf("{\"first\":%d,\"again\":%b,\"binary\":%d,\"forbidden\":\"%s\",\"errors\":%s}%n", first.getSeqno(),
        again.isDuplicate(), binary.getSeqno(), forbidden, errors);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
