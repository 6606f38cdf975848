import { Kvm } from '@nats-io/kv'
import { z } from 'zod'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { JS_CODE, NO_MESSAGE_STATUS } from '../jetstream/jetstream-codes.ts'

/** What a member says of a stage whose partitions it owns. */
const shareSchema = z.object({
  partitions: z.array(z.int().nonnegative()),
  /** The sequence of what the stage reads up to which everything of these partitions is done. */
  position: z.int().nonnegative(),
  /** The LOG sequence that has to be carried out before what lies below `position` is needed no more. */
  logSeq: z.int().nonnegative(),
})
export type Share = z.infer<typeof shareSchema>

const memberSchema = z.object({
  id: z.string(),
  /** The shared-out work that it takes part in. */
  works: z.array(z.string()),
  /** The machine and process namespace; two with the same one can see each other's processes. */
  place: z.string(),
  pid: z.int().positive(),
  shares: z.record(z.string(), shareSchema),
  /** By work: partitions that it cannot work on, since they hold what its code is too old for. */
  declines: z.record(z.string(), z.array(z.int().nonnegative())),
})
export type MemberHeartbeat = z.infer<typeof memberSchema>

/** A member as the board has it, with the server's time of its last note. */
export interface Member extends MemberHeartbeat {
  readonly at: number
}

const leaseSchema = z.object({
  /** Whose it is; `null` where it was given back. */
  member: z.string().nullable(),
  /** Rises with each change of hands. */
  epoch: z.int().positive(),
})

/** The right to work on one partition of some work. It saves effort; that only one owner appends is the log's doing. */
export interface Lease extends z.infer<typeof leaseSchema> {
  readonly work: string
  readonly partition: number
  /** The board's revision of it, by which a claim knows that nobody else was first. */
  readonly revision: number
}

export interface RegistryView {
  readonly members: readonly Member[]
  /** By `<work>.<partition>`; a partition that never had an owner is not there. */
  readonly leases: ReadonlyMap<string, Lease>
}

/** What the members of a cluster know of each other: a key-value bucket with one note per member and one lease per partition. */
export interface ClusterRegistry {
  read(works: readonly string[]): Promise<RegistryView>
  /** Renews a member's note. */
  heartbeat(member: MemberHeartbeat): Promise<void>
  /** Takes a member's note away. */
  removeMember(id: string): Promise<void>
  /** The new lease, or `undefined` where somebody else was first. */
  claim(work: string, partition: number, member: string, before: Lease | undefined): Promise<Lease | undefined>
  /** Gives a lease back. Not an error where it is another's by now. */
  release(lease: Lease): Promise<void>
}

const BUCKET = 'colloquy_cluster'
const STREAM = `KV_${BUCKET}`
const PREFIX = `$KV.${BUCKET}.`
/** As many as the server gives at one time: members, and partitions of one work. */
const ENTRIES_MAX = 1_024
const READ_MS_MAX = 2_000

export const leaseKey = (work: string, partition: number): string => `${work}.${partition}`

/** Opens the board, which is made if it is not there. */
export async function openClusterRegistry(jetstream: JetStreamContext, replicas: number): Promise<ClusterRegistry> {
  await new Kvm(jetstream.nc).create(BUCKET, { replicas, history: 1 })
  const put = async (key: string, value: unknown, revision?: number): Promise<number | undefined> => {
    const result = await jetstream.publisher.publish(
      `${PREFIX}${key}`,
      JSON.stringify(value),
      revision === undefined ? {} : { expectLastSubjectSequence: revision },
    )
    if (result.ok) return result.seq
    if (result.code === JS_CODE.wrongLastSequence) return undefined
    throw new ColloquyError('cluster_refused', `the bucket ${BUCKET} refused "${key}": ${result.description}`)
  }
  return {
    async read(works) {
      const [notes, ...leases] = await Promise.all(
        ['member', ...works.map((work) => `lease.${work}`)].map((prefix) => readAll(jetstream, `${PREFIX}${prefix}.`)),
      )
      return {
        members: [...(notes ?? [])].flatMap(([, { value, at }]) => {
          const member = memberSchema.safeParse(value)
          return member.success ? [{ ...member.data, at }] : []
        }),
        leases: new Map(
          works.flatMap((work, index) =>
            [...(leases[index] ?? [])].flatMap(([key, { value, seq }]): [string, Lease][] => {
              const lease = leaseSchema.safeParse(value)
              return lease.success ? [[leaseKey(work, Number(key)), { ...lease.data, work, partition: Number(key), revision: seq }]] : []
            }),
          ),
        ),
      }
    },
    heartbeat: async (member) => void (await put(`member.${member.id}`, member)),
    async removeMember(id) {
      await jetstream.jsm.streams.purge(STREAM, { filter: `${PREFIX}member.${id}` })
    },
    async claim(work, partition, member, before) {
      const lease = { member, epoch: (before?.epoch ?? 0) + 1 }
      const revision = await put(`lease.${leaseKey(work, partition)}`, lease, before?.revision ?? 0)
      return revision === undefined ? undefined : { ...lease, work, partition, revision }
    },
    async release({ work, partition, epoch, revision }) {
      await put(`lease.${leaseKey(work, partition)}`, { member: null, epoch }, revision)
    },
  }
}

interface Entry {
  readonly value: unknown
  readonly seq: number
  readonly at: number
}

/** The last message of each subject under a prefix, in one round trip. */
async function readAll(jetstream: JetStreamContext, prefix: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  const messages = await jetstream.jsm.direct.getLastMessagesFor(STREAM, { multi_last: [`${prefix}>`], batch: ENTRIES_MAX })
  // The client waits for ever for the rest of an answer whose server died after the first message of it.
  const timeout = setTimeout(() => {
    messages.stop(new ColloquyError('no_reply', `the answer about "${prefix}>" in ${STREAM} did not end within ${READ_MS_MAX} ms`))
  }, READ_MS_MAX)
  try {
    for await (const message of messages) {
      entries.set(message.subject.slice(prefix.length), {
        value: parseJson(message.string()),
        seq: message.seq,
        at: message.time.getTime(),
      })
    }
  } catch (error) {
    if (codeOf(error) !== String(NO_MESSAGE_STATUS)) throw error
  } finally {
    clearTimeout(timeout)
  }
  return entries
}
