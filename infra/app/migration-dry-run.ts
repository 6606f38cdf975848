import { DeliverPolicy } from '@nats-io/jetstream'
import type { Logger } from 'pino'
import { actorAfter } from '../../actors/core/actor.ts'
import { migrate, versionOf } from '../../actors/core/migrate.ts'
import { restoreSnapshot, statePath } from '../../actors/core/snapshot.ts'
import { type Kind, machineName } from '../../actors/definition/define-kind.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, recordBefore, recordsOf, recordsOfKind } from '../../pipeline/jetstream/last-record.ts'
import { logParser } from '../../pipeline/jetstream/log-message.ts'
import { readToEnd } from '../../pipeline/jetstream/read-to-end.ts'
import { type CallSlot, unwatchedSlot } from '../../pipeline/watchdog/call-slot.ts'
import { runKindCode } from '../../pipeline/watchdog/kind-code.ts'
import { refuseExit } from '../../pipeline/watchdog/stray-errors.ts'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, type Address, logSubject } from '../../schemas/subjects.ts'
import { pendingActors } from './pending-actors.ts'

/** Max actors that the dry run of a start migrates. `colloquy check` migrates all. */
const ACTORS_MAX = 1_000

interface DryRunDeps {
  readonly jetstream: JetStreamContext
  readonly log: Logger
  /** The time, ISO. */
  readonly now: () => string
  /** As in `KindRegistryDeps`. */
  readonly watch?: (until: AsyncDisposableStack) => CallSlot
}

/**
 * Dry run before a new version starts: migrates actors of earlier versions to it and writes nothing. Takes actors with pending tasks or
 * timers first, then others, up to `ACTORS_MAX`.
 *
 * @throws ColloquyError `state_gone`, `task_gone` or `migration_failed`, naming the first actor that cannot be migrated.
 */
export async function dryRunMigration({ jetstream, log, now, watch = unwatchedSlot }: DryRunDeps, kind: Kind): Promise<void> {
  await using until = new AsyncDisposableStack()
  const calls = watch(until)
  until.defer(refuseExit().stop)
  const { count, actors } = await pendingActors(jetstream, kind.name, ACTORS_MAX)
  const at = now()
  for (const address of actors) {
    const last = await lastRecord(jetstream, recordsOf(address))
    if (last !== undefined) dryRunActor(kind, address, last.record, at, calls)
  }
  const others = await dryRunOthers(jetstream, kind, Math.max(0, ACTORS_MAX - actors.length), at, calls)
  log.info(
    { kind: machineName(kind), pending: Math.min(count, ACTORS_MAX), others },
    'dry run: migrated actors of earlier versions; "colloquy check" checks all of them',
  )
}

async function dryRunOthers(jetstream: JetStreamContext, kind: Kind, max: number, at: string, calls: CallSlot): Promise<number> {
  if (max === 0) return 0
  const parse = await logParser(jetstream)
  let checked = 0
  const filter = { filter_subjects: [recordsOfKind(kind.name)], deliver_policy: DeliverPolicy.LastPerSubject }
  for await (const batch of readToEnd(jetstream, 'LOG', filter)) {
    for (const message of batch) {
      if (checked === max) return checked
      const entry = parse(message)
      const last = entry.whole() ?? (await recordBefore(jetstream, message.subject, message.seq))?.record
      if (last !== undefined) dryRunActor(kind, entry.address, last, at, calls)
      checked += 1
    }
  }
  return checked
}

function dryRunActor(kind: Kind, address: Address, record: LogRecord, at: string, calls: CallSlot): void {
  const actor = actorAfter(address, record)
  if (actor.state === null || actor.status !== 'active' || versionOf(actor.machine) >= kind.version) return
  const { seq, ts } = record.inbox
  const decision = { seq, storedMs: Date.parse(ts), subject: logSubject(0, address), isSuspect: false }
  calls.enter(decision)
  try {
    const { state, status, actions } = runKindCode(decision, migrate, kind, actor, actor.state, at)
    restoreSnapshot(kind, state, status)
    const [lost] = actions.filter(({ type }) => type === 'xstate.stopChild')
    const startsChild = actions.some(({ type }) => type === 'xstate.spawnChild')
    if (lost === undefined || startsChild || statePath(state) !== statePath(actor.state)) return
    const task = Object.values(actor.state.tasks).find(({ child }) => child === lost.params)?.task
    throw new ColloquyError(
      'task_gone',
      `waits for task "${task}", which ${machineName(kind)} does not invoke there; `
        + `let migrate[${versionOf(actor.machine)}] move the actor to a state that can continue`,
    )
  } catch (cause) {
    throw new ForeignCodeError(codeOf(cause) ?? 'migration_failed', `${actorKey(address)}: ${messageOf(cause)}`, { cause })
  } finally {
    calls.leave()
  }
}
