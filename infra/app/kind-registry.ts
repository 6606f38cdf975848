import { DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream'
import { type KV, KvWatchInclude } from '@nats-io/kv'
import type { Logger } from 'pino'
import { z } from 'zod'
import { versionOf } from '../../actors/core/migrate.ts'
import { columnsOfKind } from '../../actors/definition/columns-of-kind.ts'
import { type Kind, type Kinds, machineName } from '../../actors/definition/define-kind.ts'
import { type Definition, definitionSchema, describe, firstDifference, hashOf } from '../../actors/definition/describe-machine.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { lastRecord, recordsOfKind } from '../../pipeline/jetstream/last-record.ts'
import { logParser } from '../../pipeline/jetstream/log-message.ts'
import { readToEnd } from '../../pipeline/jetstream/read-to-end.ts'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { keysUnder, typedKey } from '../../pipeline/jetstream/typed-kv.ts'
import type { CallSlot } from '../../pipeline/watchdog/call-slot.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { kindColumnsSchema } from '../../schemas/kind-columns.ts'
import { RECORD_FORM } from '../../schemas/record-form.ts'
import type { ViewedKind } from '../../schemas/typed-views.ts'
import { dryRunMigration } from './migration-dry-run.ts'
import { pendingActors, pendingText } from './pending-actors.ts'
import { BUCKET } from './prepare-streams.ts'

const KINDS = 'kinds.'
const DEFINITIONS = 'definitions.'
/** Whether a key of the bucket belongs to the register of kinds. */
export const isRegistryKey = (key: string): boolean => key.startsWith(KINDS) || key.startsWith(DEFINITIONS)

const registeredShape = z.object({ version: z.int() })
const limitsShape = z.object({ deadlineMs: z.number(), attemptsMax: z.number(), concurrencyMax: z.number() })
const entryShape = z.object({
  hash: z.string(),
  /** Time of the first registration, ISO. */
  at: z.string(),
  /** Last sequence of LOG at that time. Records of this version come after it. */
  logSeq: z.int().nonnegative(),
  definition: definitionSchema,
  limits: z.record(z.string(), limitsShape),
  /** The columns of its typed views; absent if an earlier version of Colloquy registered it. */
  columns: kindColumnsSchema.optional(),
})
/** A registered version of a kind. */
export type RegisteredVersion = z.infer<typeof entryShape> & { readonly version: number }

const newestIn = (kv: KV, name: string) => typedKey(kv, `${KINDS}${name}`, registeredShape)
const definitionIn = (kv: KV, name: string, version: number) => typedKey(kv, `${DEFINITIONS}${name}.${version}`, entryShape)

export interface KindRegistryDeps {
  readonly kv: KV
  readonly jetstream: JetStreamContext
  readonly log: Logger
  readonly now: () => string
  /** Makes a slot whose watchdog ends a migration that does not return. Absent: nothing watches. */
  readonly watch?: (until: AsyncDisposableStack) => CallSlot
  /** Accepts a definition that changed without a new version, for development. Default: false. */
  readonly acceptChanges?: boolean
}

/**
 * Registers the kinds of this process in the cluster. Refuses what would break existing actors: a registered kind that this process lacks,
 * a definition that changed without a new version, a recorded version without a migration, and actors that the new version cannot migrate.
 *
 * @throws ColloquyError `kind_missing`, `definition_changed`, `missing_migration`; as `dryRunMigration` does.
 */
export async function registerKinds(deps: KindRegistryDeps, kinds: Kinds): Promise<void> {
  const known = await registeredKinds(deps.kv)
  for (const name of known.keys()) if (!kinds.has(name)) await refuseMissing(deps, name)
  for (const kind of kinds.values()) await register(deps, kind, known.get(kind.name))
}

async function refuseMissing({ jetstream }: KindRegistryDeps, name: string): Promise<never> {
  const pending = await pendingActors(jetstream, name)
  throw new ColloquyError(
    'kind_missing',
    `kind "${name}" is in use here and this process does not have it: its inputs would be rejected${pendingText(pending)}. `
      + `Add it to COLLOQUY_CONFIG, or take it out of use with "colloquy kinds --retire ${name}"`,
  )
}

async function register(deps: KindRegistryDeps, kind: Kind, newest: number | undefined): Promise<void> {
  const { kv, jetstream, log, now, acceptChanges = false } = deps
  const definition = describe(kind)
  const limits = Object.fromEntries(
    Object.entries(kind.tasks).map(([name, { deadlineMs, attemptsMax, concurrencyMax }]) => [
      name,
      { deadlineMs, attemptsMax, concurrencyMax },
    ]),
  )
  const hash = hashOf(definition)
  const before = await versionEntry(kv, kind.name, kind.version)
  if (before !== undefined && before.hash !== hash && (await hasRecords(jetstream, kind.name, before))) {
    if (!acceptChanges) throw changed(kind, before.definition, definition)
    log.warn(
      { kind: machineName(kind), first: firstDifference(before.definition, definition) },
      'accepted a definition that changed without a new version; its actors continue from their state',
    )
  }
  if (before?.hash !== hash) await checkUpgrade(deps, kind)
  const { last_seq: logSeq } = (await streamInfo(jetstream.jsm, 'LOG')).state
  const columns = columnsOfKind(kind)
  const entry =
    before?.hash === hash
      ? { ...before, limits, columns }
      : { hash, at: now(), logSeq: before?.logSeq ?? logSeq, definition, limits, columns }
  await definitionIn(kv, kind.name, kind.version).put(entry)
  // An older worker that restarts must not replace the newer version.
  if (newest === undefined || newest <= kind.version) await newestIn(kv, kind.name).put({ version: kind.version })
}

const changed = (kind: Kind, before: Definition, after: Definition): ColloquyError =>
  new ColloquyError(
    'definition_changed',
    `${machineName(kind)} has records and is another machine now (${firstDifference(before, after)}). `
      + `Raise its version to ${kind.version + 1} and write migrate[${kind.version}], or undo the change; `
      + `if the change does not affect existing actors, accept it with "colloquy kinds --accept ${kind.name}"`,
  )

/** Checks that the actors of recorded versions can continue under a new or changed version. */
async function checkUpgrade(deps: KindRegistryDeps, kind: Kind): Promise<void> {
  const { kv, jetstream } = deps
  const last = (await lastRecord(jetstream, recordsOfKind(kind.name)))?.record
  if (last === undefined) return
  const earlier = (await versionsOf(kv, kind.name)).filter(({ version }) => version < kind.version)
  const recorded = new Set<number>()
  for (const entry of earlier) if (await hasRecords(jetstream, kind.name, entry)) recorded.add(entry.version)
  // The last record names its version too, in case the register was lost.
  const newest = versionOf(last.machine)
  if (last.machine !== '' && newest < kind.version) recorded.add(newest)
  const missing = [...recorded].filter((version) => kind.migrate[version] === undefined).sort((a, b) => a - b)
  if (missing.length > 0) {
    const which = missing.map((version) => `migrate[${version}]`).join(' and ')
    const recordedNames = missing.map((version) => `${kind.name}@${version}`).join(' and ')
    throw new ColloquyError(
      'missing_migration',
      `LOG has actors of ${recordedNames}, and ${machineName(kind)} has no ${which}. `
        + 'Write ({ value, context }) => ({ value, context }) if nothing about the state changed',
    )
  }
  if (recorded.size > 0) await dryRunMigration(deps, kind)
}

const RECORDS_CHECKED_MAX = 1_000

/** Whether LOG has records of a version. Assumes that it has some if the first `RECORDS_CHECKED_MAX` later records do not decide it. */
async function hasRecords(jetstream: JetStreamContext, kind: string, { version, logSeq }: RegisteredVersion): Promise<boolean> {
  const machine = `${kind}@${version}`
  if ((await lastRecord(jetstream, recordsOfKind(kind)))?.record.machine === machine) return true
  const later = { filter_subjects: [recordsOfKind(kind)], deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: logSeq + 1 }
  const parse = await logParser(jetstream)
  let checked = 0
  for await (const batch of readToEnd(jetstream, 'LOG', later)) {
    for (const message of batch) {
      if (checked === RECORDS_CHECKED_MAX || parse(message).record?.machine === machine) return true
      checked += 1
    }
  }
  return false
}

/**
 * A name in the register that is no kind: it stays there once LOG may have records of a form. A host of the first release refuses to start
 * beside a kind that it lacks, and names it.
 */
const formMark = (form: number): string => `upgrade-this-process--records-have-form-${form}`
const FORM_MARK = /^upgrade-this-process--records-have-form-(\d+)$/

/** Keeps processes that cannot read the newest form of records from starting, from now on. Returns whether it was so before. */
export async function refuseOlderProcesses(kv: KV): Promise<boolean> {
  return (await newestIn(kv, formMark(RECORD_FORM)).compareAndSet({ version: RECORD_FORM }, undefined)) === undefined
}

/** @throws ColloquyError `newer_record` where LOG may have records that this process cannot read. */
export async function refuseNewerRecords(kv: KV): Promise<void> {
  for (const key of await keysOf(kv, KINDS)) {
    const form = Number(FORM_MARK.exec(key.slice(KINDS.length))?.[1] ?? 0)
    if (form > RECORD_FORM) {
      throw new ColloquyError(
        'newer_record',
        `LOG has records of form ${form}, and this Colloquy reads forms up to ${RECORD_FORM}: upgrade this process`,
      )
    }
  }
}

/** The newest version of each registered kind, by name. @param jsm given by those who ask often (`keysUnder`) */
export async function registeredKinds(kv: KV, jsm?: JetStreamManager): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const key of await (jsm === undefined ? keysOf(kv, KINDS) : keysUnder(jsm, BUCKET, KINDS))) {
    const name = key.slice(KINDS.length)
    if (FORM_MARK.test(name)) continue
    const newest = await newestIn(kv, name).get()
    if (newest !== undefined) found.set(name, newest.value.version)
  }
  return found
}

/** The newest version of each registered kind, in the order of their names. */
export async function newestVersions(kv: KV): Promise<(RegisteredVersion & { readonly name: string })[]> {
  const newest = [...(await registeredKinds(kv))].sort(([one], [other]) => (one < other ? -1 : 1))
  const entries = await Promise.all(newest.map(async ([name, version]) => ({ name, entry: await versionEntry(kv, name, version) })))
  return entries.flatMap(({ name, entry }) => (entry === undefined ? [] : [{ ...entry, name }]))
}

/** The newest version of each registered kind, with the columns of its typed views. */
export const viewedKinds = async (kv: KV): Promise<ViewedKind[]> =>
  (await newestVersions(kv)).flatMap((entry) => (entry.columns === undefined ? [] : [{ ...entry, columns: entry.columns }]))

/** Calls back after each change of the register. */
export async function watchRegister(kv: KV, onChange: () => void): Promise<{ stop(): void }> {
  const changes = await kv.watch({ key: [`${KINDS}>`, `${DEFINITIONS}>`], include: KvWatchInclude.UpdatesOnly })
  const reading = async (): Promise<void> => {
    for await (const _ of changes) onChange()
  }
  // It ends with its connection, and the part of the system that has it is started again then.
  reading().catch(() => undefined)
  return { stop: () => changes.stop() }
}

/** All registered versions of a kind, oldest first. */
export async function versionsOf(kv: KV, kind: string): Promise<RegisteredVersion[]> {
  const versions = (await keysOf(kv, `${DEFINITIONS}${kind}.`)).map((key) => Number(key.slice(key.lastIndexOf('.') + 1)))
  const entries = await Promise.all(versions.map((version) => versionEntry(kv, kind, version)))
  return entries.filter((entry) => entry !== undefined).sort((a, b) => a.version - b.version)
}

async function versionEntry(kv: KV, kind: string, version: number): Promise<RegisteredVersion | undefined> {
  const entry = await definitionIn(kv, kind, version).get()
  return entry && { ...entry.value, version }
}

async function keysOf(kv: KV, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const key of await kv.keys(`${prefix}>`)) keys.push(key)
  return keys
}

/** Removes a kind from the register: its inputs are rejected as `unknown_kind` from then on. The definitions of its versions stay. */
export const retireKind = (kv: KV, name: string): Promise<void> => kv.delete(`${KINDS}${name}`)

/** Removes the definition of a version from the register, so that the next start accepts the present one. */
export const acceptChange = (kv: KV, name: string, version: number): Promise<void> => kv.delete(`${DEFINITIONS}${name}.${version}`)
