import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { freePorts } from '../../../bench/harness/free-ports.ts'
import { openJetStream } from '../../../infra/app/nats-access.ts'
import { obtainNatsServer } from '../../../infra/servers/nats/obtain-nats.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { createRequestMux } from '../../../pipeline/jetstream/request-mux.ts'
import { silent } from '../../support/test-system.ts'

/** Runs a function on a nats-server without JetStream. */
async function withServer(work: (nc: NatsConnection) => Promise<void>): Promise<void> {
  const { command } = await obtainNatsServer({ configured: undefined, cacheDir: loadSettings({}).settings.CACHE_DIR, log: silent })
  const [port = 0] = await freePorts(1)
  const server = spawn(command, ['--addr', '127.0.0.1', '--port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    for await (const line of createInterface({ input: server.stderr })) if (line.includes('Server is ready')) break
    await work(await connect({ servers: `127.0.0.1:${port}` }))
  } finally {
    const ended = once(server, 'exit')
    server.kill()
    await ended
  }
}

test('without JetStream the connection is closed, so that the process can end', () =>
  withServer(async (nc) => {
    await expect(openJetStream(nc)).rejects.toThrow('jetstream is not enabled')
    expect(nc.isClosed()).toBe(true)
  }))

test('a reply that arrived while this process was blocked counts; one that never arrives times out', () =>
  withServer(async (nc) => {
    const timeoutMs = 200
    const mux = createRequestMux(nc, { timeoutMs })
    nc.subscribe('silent', { callback: () => undefined })
    await nc.flush()
    // The server itself replies at once that the subject has no subscriber.
    const [answered, unanswered] = [mux.request('nobody', ''), mux.request('silent', '')]
    setImmediate(() => {
      const untilMs = performance.now() + 5 * timeoutMs
      while (performance.now() < untilMs);
    })
    await expect(answered).rejects.toMatchObject({ code: 'no_responders' })
    await expect(unanswered).rejects.toMatchObject({ code: 'no_reply' })
    await mux.close()
    await nc.close()
  }))
