import type { Rounds } from '../harness/rounds.ts'
import type { BenchOptions, PeerName } from '../harness/bench-scenario.ts'
import { installPeers, serverOf, versionOf } from './install.ts'
import { startPeer, type Peer } from './peer.ts'

/** What a peer came to, round by round; without any where it is not on this machine, which the notes say. */
export interface PeerRounds {
  readonly name: PeerName
  readonly perSecond: readonly number[]
  readonly notes: readonly string[]
}

/** One peer after the other: by itself, so that none has to share the machine with another. Rounds and inputs are those of Colloquy. */
export async function measurePeers(options: BenchOptions, rounds: Rounds): Promise<PeerRounds[]> {
  const measured: PeerRounds[] = []
  for (const name of options.vs) measured.push(await measurePeer(name, options, rounds))
  return measured
}

async function measurePeer(name: PeerName, options: BenchOptions, rounds: Rounds): Promise<PeerRounds> {
  const server = await serverOf(name)
  if (server === undefined) return { name, perSecond: [], notes: [`${name}: left out, there is no redis-server on the PATH; install the system's package (redis-server, or redis).`] }
  await installPeers()
  const peer = await startPeer(name, options)
  try {
    await peer.run(rounds.warmUpMs)
    const perSecond: number[] = []
    for (let round = 0; round < rounds.count; round++) perSecond.push(await peer.run(rounds.ms))
    return { name, perSecond, notes: await notesOf[name](await peer.check(), server) }
  } finally {
    await peer.stop()
  }
}

type Kept = Awaited<ReturnType<Peer['check']>>

const SAME_JOB = 'the same inputs to the same conversations, each checked and decided by the same machine with XState\'s own transition(), its state and the reply kept; '
  + 'no timer is set, no record of the change is made, there are no tables: less than Colloquy does. Colloquy\'s processes are idle meanwhile'

const notesOf: Readonly<Record<PeerName, (kept: Kept, server: string) => Promise<string[]>>> = {
  restate: async ({ lost, doubled }) => [
    `restate: server ${await versionOf('@restatedev/restate-server')}, SDK ${await versionOf('@restatedev/restate-sdk')}, a virtual object per conversation, 256 calls under way; ${SAME_JOB}.`,
    `Its durability: one node, write-ahead log without fsync, so kept over kill -9 and not over a power failure, as Colloquy's nats-server by default. ${lost} turns were lost, ${doubled} done twice.`,
  ],
  bullmq: async ({ lost, doubled }, server) => [
    `bullmq: ${await versionOf('bullmq')} on ${/v=\S+/.exec(server)?.[0] ?? server}, state in a hash, log in a stream, one worker process of 100 jobs at a time; ${SAME_JOB}.`,
    'Its durability: append-only file with fsync every second. It keeps no order per conversation and is not exactly-once: two jobs of one conversation may run at the same time, and a job '
    + `whose worker dies is done again. In this run ${lost} turns were overwritten by another of their conversation, ${doubled} counted twice.`,
  ],
}
