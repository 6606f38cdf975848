import { DeliverPolicy } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { actorAfter } from '../../actors/core/actor.ts'
import { machineName, type Kind } from '../../actors/definition/define-kind.ts'
import { migrate, versionOf } from '../../actors/core/migrate.ts'
import { restoreSnapshot, statePath } from '../../actors/core/snapshot.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, recordsOf, recordsOfKind } from '../../pipeline/jetstream/last-record.ts'
import { readToEnd } from '../../pipeline/jetstream/read-to-end.ts'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, parseLogSubject, type Address } from '../../schemas/subjects.ts'
import { pendingActors } from './pending-actors.ts'

/** Actors that a start looks at; all of them are looked at by `colloquy check`. */
const ACTORS_MAX = 1_000

/**
 * Takes actors that earlier versions left over to this one, for a try, before it begins: first those that wait for tasks or timers,
 * then others, up to a bound. Nothing is written.
 *
 * @throws ColloquyError `state_gone`, `task_gone` or `migration_failed`, naming the first actor that it would go wrong for.
 */
export async function dryRunMigration({ jetstream, log, now }: { jetstream: JetStreamContext; log: Logger; now: () => string }, kind: Kind): Promise<void> {
  const { count, actors } = await pendingActors(jetstream, kind.name, ACTORS_MAX)
  const at = now()
  for (const address of actors) {
    const last = await lastRecord(jetstream, recordsOf(address))
    if (last !== undefined) dryRunActor(kind, address, last.record, at)
  }
  const others = await dryRunOthers(jetstream, kind, Math.max(0, ACTORS_MAX - actors.length), at)
  log.info({ kind: machineName(kind), pending: Math.min(count, ACTORS_MAX), others }, 'actors of earlier versions were taken over for a try; "colloquy check" looks at all of them')
}

async function dryRunOthers(jetstream: JetStreamContext, kind: Kind, max: number, at: string): Promise<number> {
  if (max === 0) return 0
  let seen = 0
  for await (const batch of readToEnd(jetstream, 'LOG', { filter_subjects: [recordsOfKind(kind.name)], deliver_policy: DeliverPolicy.LastPerSubject })) {
    for (const message of batch) {
      if (seen === max) return seen
      dryRunActor(kind, parseLogSubject(message.subject).address, message.json<LogRecord>(), at)
      seen += 1
    }
  }
  return seen
}

function dryRunActor(kind: Kind, address: Address, record: LogRecord, at: string): void {
  const actor = actorAfter(address, record)
  if (actor.state === null || actor.status !== 'active' || versionOf(actor.machine) >= kind.version) return
  try {
    const { state, status, actions } = migrate(kind, actor, actor.state, at)
    restoreSnapshot(kind, state, status)
    const [lost] = actions.filter(({ type }) => type === 'xstate.stopChild')
    const begun = actions.some(({ type }) => type === 'xstate.spawnChild')
    if (lost === undefined || begun || statePath(state) !== statePath(actor.state)) return
    const task = Object.values(actor.state.tasks).find(({ child }) => child === lost.params)?.task
    throw new ColloquyError('task_gone', `waits for task "${task}", which ${machineName(kind)} does not invoke there; let migrate[${versionOf(actor.machine)}] move it to a state that goes on`)
  } catch (cause) {
    throw new ForeignCodeError(codeOf(cause) ?? 'migration_failed', `${actorKey(address)}: ${messageOf(cause)}`, { cause })
  }
}
