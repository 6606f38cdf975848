import { internalSubject } from '../../schemas/subjects.ts'
import { judgementOf } from './graded-kind.ts'
import type { Entry } from './system-assertions.ts'
import type { System } from './test-system.ts'

/** Judges the first answer in a record of LOG, as the role judge does. */
export async function judge(system: System, entry: Entry, evaluator: string, version: string, overall: number): Promise<void> {
  const [tenant = '', kind = '', id = ''] = entry.actor.split('/')
  const body = judgementOf(entry.record, entry.seq, evaluator, version, overall)
  await system.running.jetstream.publisher.publish(internalSubject({ tenant, kind, id }), JSON.stringify(body))
}
