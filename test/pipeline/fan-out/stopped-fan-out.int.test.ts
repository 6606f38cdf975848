import { expect, test } from 'vitest'
import { caughtUp, publishAll, readLog } from '../../support/system-assertions.ts'
import { CHANGED, documentKind, templateKind } from '../../support/template-config.ts'
import { startSystem } from '../../support/test-system.ts'

const DOCUMENTS = 400

test('a machine that leaves the state stops its fan-out; what was sent stays sent', async () => {
  // It would take minutes to the end.
  const system = await startSystem({ kinds: [documentKind, templateKind], settings: { FANOUT_RATE_MAX: '2' } })
  try {
    const told = async () => (await readLog(system)).filter(({ record }) => record.input.type === CHANGED).map(({ actor }) => actor)
    const stateOf = async (wanted: string) => (await readLog(system)).findLast(({ actor }) => actor === wanted)?.record.to
    await publishAll(
      system,
      Array.from({ length: DOCUMENTS }, (_, index) => ({
        subject: `in.acme.document.d${index}`,
        body: { type: 'opened', data: { template: 't1' } },
      })),
    )
    await caughtUp(system)
    await publishAll(system, [{ subject: 'in.acme.template.t1', body: { type: 'changed', data: {} } }])
    await expect.poll(async () => (await told()).length, { timeout: 60_000 }).toBeGreaterThan(0)
    await publishAll(system, [{ subject: 'in.acme.template.t1', body: { type: 'stopped', data: {} } }])
    await expect.poll(() => stateOf('acme/template/t1'), { timeout: 60_000 }).toBe('still')
    await caughtUp(system)
    const sent = await told()
    expect(sent.length).toBeLessThan(DOCUMENTS)
    expect(new Set(sent).size).toBe(sent.length)
    const { state } = await system.running.jetstream.jsm.streams.info('TASKS')
    expect(state.messages).toBe(0)
  } finally {
    await system.stop()
  }
})
