// Publishes as a producer by nats.go: structured, binary, and where it must not. Prints what came of it as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	url, actor := os.Args[1], os.Args[2]
	var mutex sync.Mutex
	failures := []string{}
	nc := must(nats.Connect(url, nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		mutex.Lock()
		defer mutex.Unlock()
		failures = append(failures, err.Error())
	})))
	js := must(jetstream.New(nc))
	ctx := context.Background()
	message := func(headers map[string]string, data string) *nats.Msg {
		built := nats.NewMsg("in." + actor)
		built.Data = []byte(data)
		for name, value := range headers {
			built.Header.Set(name, value)
		}
		return built
	}
	event := `{"specversion":"1.0","id":"s-1","source":"/go","type":"add","time":"2026-01-02t03:04:05z","subject":"order 7",` +
		`"traceparent":null,"data":{"by":1}}`
	id := map[string]string{"Nats-Msg-Id": actor + "/s-1"}
	first := must(js.PublishMsg(ctx, message(id, event)))
	again := must(js.PublishMsg(ctx, message(id, event)))
	binary := must(js.PublishMsg(ctx, message(map[string]string{
		"ce-specversion": "1.0", "ce-id": "b-1", "ce-source": "/go", "ce-type": "add", "ce-subject": "order%208",
		"content-type": "application/json",
	}, `{"by":2}`)))
	limited, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	forbidden := "acknowledged"
	if _, err := js.Publish(limited, "log.0.acme.toy.forbidden", []byte("{}")); err != nil {
		forbidden = err.Error()
	}
	nc.Close()
	mutex.Lock()
	defer mutex.Unlock()
	fmt.Println(string(must(json.Marshal(map[string]any{
		"first": first.Sequence, "again": again.Duplicate, "binary": binary.Sequence, "forbidden": forbidden, "errors": failures,
	}))))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
