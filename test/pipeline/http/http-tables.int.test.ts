import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientOf, type HttpClient } from '../../support/http-requests.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
let http: HttpClient
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind] })
  http = clientOf(system.running.http?.url ?? '')
})
afterAll(() => system.stop())

test('a producer that waits for the tables finds the rows of its input there at once', async () => {
  for (let by = 1; by <= 10; by++) {
    const id = `m-${by}`
    const { status, body } = await http.post(`/v1/in/acme/toy/a${by}?wait=tables`, { type: 'add', id, data: { by } })
    expect([status, body['outcome']]).toEqual([200, 'committed'])

    const result = await system.running.client?.query({
      query: 'SELECT type FROM events WHERE actor = {actor:String} ORDER BY idx',
      query_params: { actor: `a${by}` },
      format: 'JSONEachRow',
    })
    expect(await result?.json()).toEqual([{ type: 'add' }, { type: 'counted' }])
  }
})

test('a running system is ready in every role, and its receipts state the durability', async () => {
  const { status, body } = await http.get('/readyz')
  const checks = body['checks'] as readonly { check: string }[]
  const names = ['nats', 'host', 'dispatch', 'tasks', 'project', 'embed', 'train', 'judge', 'serve']
  expect([status, checks.map(({ check }) => check)]).toEqual([200, names])
  const { body: stored } = await http.post('/v1/in/acme/toy/b', { type: 'add', data: { by: 1 } })
  expect(stored['durability']).toEqual({ replicas: 1, fsync: '2m' })
})
