import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriesKind } from '../../../actors/kinds/series/series-kind.ts'
import { pollUntil } from '../../../pipeline/runtime/poll-until.ts'
import { readLog } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'

const METRIC = 'colloquy_stage_lag_messages'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [seriesKind], settings: { ROLES: 'host,dispatch,serve', SERIES_METRICS: METRIC } })
})
afterAll(() => system.stop())

test('a metric that is measured when it is read becomes readings, also where nobody scrapes', async () => {
  const isFed = async (): Promise<true | undefined> =>
    (await readLog(system)).some(({ actor }) => actor === `default/series/${METRIC}`) || undefined
  expect(await pollUntil(isFed, { signal: AbortSignal.timeout(60_000) })).toBe(true)
})
