import { waitUntilCaughtUp } from '../../infra/app/system-status.ts'
import type { Producer } from '../harness/bench-producer.ts'
import type { BenchSystem } from '../harness/bench-system.ts'
import { CAUGHT_UP_MS_MAX } from '../harness/in-time.ts'
import { checkLedger, type Verdict } from './check-ledger.ts'
import { readLedger } from './read-ledger.ts'

/**
 * Waits until every stage has caught up, as `colloquy status --wait` does, then compares the acknowledged inputs with LOG, OUT and the
 * tables.
 *
 * @throws ColloquyError `not_level`
 */
export async function passGate(system: BenchSystem, { tenant, sent }: Producer): Promise<Verdict> {
  await waitUntilCaughtUp(system.settings, CAUGHT_UP_MS_MAX)
  return checkLedger(sent, await readLedger(system, tenant))
}
