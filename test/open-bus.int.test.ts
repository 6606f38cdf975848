import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { freePorts } from '../bench/free-ports.ts'
import { openBus } from '../infra/launch/nats.ts'
import { obtainNatsServer } from '../infra/nats/obtain.ts'
import { loadSettings } from '../infra/settings.ts'
import { silent } from './system.ts'

test('where there is no JetStream the connection is closed again, so that whoever started can end', async () => {
  const { command } = await obtainNatsServer({ configured: undefined, cacheDir: loadSettings({}).settings.CACHE_DIR, log: silent })
  const [port = 0] = await freePorts(1)
  const server = spawn(command, ['--addr', '127.0.0.1', '--port', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] })
  try {
    for await (const line of createInterface({ input: server.stderr })) if (line.includes('Server is ready')) break
    const nc = await connect({ servers: `127.0.0.1:${port}` })
    await expect(openBus(nc)).rejects.toThrow('jetstream is not enabled')
    expect(nc.isClosed()).toBe(true)
  } finally {
    const ended = once(server, 'exit')
    server.kill()
    await ended
  }
})
