import type { Kind } from '../../actors/definition/define-kind.ts'
import { createRecording, type Recording } from '../../actors/testkit/recorded.ts'
import { recordsOf } from '../../pipeline/jetstream/last-record.ts'
import { logParser } from '../../pipeline/jetstream/log-message.ts'
import { readPass } from '../../pipeline/replay-check/log-passes.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { LogRecord } from '../../schemas/record.ts'
import { actorKey, parseActorKey } from '../../schemas/subjects.ts'
import { loadProcessSettings, type SettingName } from '../settings.ts'
import { withJetStream } from './connect-to-running.ts'
import { loadKinds } from './load-kinds.ts'

/** Options of `recorded`. */
export interface RecordedOptions<K extends Kind> {
  /** The kind to test. Default: the actor's kind, as the module COLLOQUY_CONFIG exports it. */
  readonly kind?: K
  /** Settings that find the running system, without the prefix: `{ NATS_URL: 'nats://…' }`. They take precedence over the environment. */
  readonly settings?: Readonly<Partial<Record<SettingName, string>>>
}

/** Max records of one history, and bytes of them in LOG. */
const RECORDS_MAX = 100_000
const MIB = 1024 * 1024
const BYTES_MAX = 256 * MIB

/**
 * Reads an actor's history from a running system, so that a test can replay it through today's kind. Finds the system as the command line
 * does.
 *
 * @param actor `<tenant>/<kind>/<id>`, or `<kind>/<id>` for the tenant `default`.
 * @throws ColloquyError `bad_actor`, `no_such_kind`, `no_history`, `long_history`; `not_running` if no system is found.
 */
export async function recorded<K extends Kind>(actor: string, options: RecordedOptions<K> & { readonly kind: K }): Promise<Recording<K>>
export async function recorded(actor: string, options?: RecordedOptions<Kind>): Promise<Recording<Kind>>
export async function recorded(actor: string, options: RecordedOptions<Kind> = {}): Promise<Recording<Kind>> {
  const address = parseActorKey(actor)
  if (address === undefined) throw new ColloquyError('bad_actor', `"${actor}" is not an actor; write tenant/kind/id`)
  const { settings } = loadProcessSettings(options.settings)
  const kind = options.kind ?? (await loadKinds(settings)).get(address.kind)
  if (kind?.name !== address.kind) {
    const problem =
      options.kind === undefined
        ? `${settings.CONFIG} does not export; export it there, or give it as the option kind`
        : `is not "${options.kind.name}"`
    throw new ColloquyError('no_such_kind', `${actor} is of kind "${address.kind}", which ${problem}`)
  }
  const records = await withJetStream(settings, async (jetstream) => {
    const { state } = await jetstream.jsm.streams.info('LOG')
    const parse = await logParser(jetstream)
    const read: LogRecord[] = []
    let bytes = 0
    for await (const message of readPass(jetstream, { filterSubjects: [recordsOf(address)] }, state.last_seq)) {
      bytes += message.data.length
      if (read.length === RECORDS_MAX || bytes > BYTES_MAX) {
        throw new ColloquyError(
          'long_history',
          `${actorKey(address)} has more than ${RECORDS_MAX} records, or more than ${BYTES_MAX / MIB} MiB of them; `
            + `"colloquy check --tenant ${address.tenant} --kind ${address.kind}" takes any number`,
        )
      }
      const record = parse(message).whole()
      if (record !== undefined) read.push(record)
    }
    return read
  })
  return createRecording(kind, address, records)
}
