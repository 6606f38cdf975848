import { Agent, request } from 'node:http'
import { z } from 'zod'
import { httpAddress } from '../../infra/app/connect-to-running.ts'
import { parseJson } from '../../schemas/json.ts'
import type { Producer } from './bench-producer.ts'
import type { BenchSystem } from './bench-system.ts'

/** What a number of HTTP clients did, each of which sends its next input when the last one is answered. */
export interface HttpRun {
  readonly perSecond: number
  readonly answers: number
  /** Answers with another status than 200 and 202. */
  readonly failed: number
  /** Milliseconds of each answer. */
  readonly latenciesMs: readonly number[]
}

export interface HttpClients {
  run(options: { readonly forMs: number; readonly actors: number; readonly wait: string | undefined }): Promise<HttpRun>
  stop(): void
}

const answerSchema = z.object({ position: z.number().optional() })

/** Opens connections to the HTTP interface. Each client sends inputs of the producer to actors from 0 on, in turn. */
export async function createHttpClients({ settings }: BenchSystem, producer: Producer, connections: number): Promise<HttpClients> {
  const url = new URL(await httpAddress(settings))
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const { HTTP_TOKEN: token } = settings
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }

  const post = (path: string, body: string): Promise<{ status: number; position: number | undefined }> =>
    new Promise((resolve, reject) => {
      const length = Buffer.byteLength(body)
      const { hostname: host, port } = url
      const sent = request({ agent, host, port, path, method: 'POST', headers: { ...headers, 'content-length': length } }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('error', reject)
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, position: answerSchema.safeParse(parseJson(text)).data?.position })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return {
    async run({ forMs, actors, wait }) {
      const latenciesMs: number[] = []
      let failed = 0
      let turn = 0
      const startedMs = performance.now()
      const client = async (): Promise<void> => {
        while (performance.now() - startedMs < forMs) {
          const { input, kind, payload, acknowledge } = producer.prepare(turn++ % actors)
          const sentMs = performance.now()
          const query = wait === undefined ? '' : `?wait=${wait}`
          const { status, position } = await post(`/v1/in/${producer.tenant}/${kind}/${input.actor}${query}`, payload)
          latenciesMs.push(performance.now() - sentMs)
          acknowledge(position)
          if (status !== 200 && status !== 202) failed += 1
        }
      }
      await Promise.all(Array.from({ length: connections }, client))
      const answers = latenciesMs.length
      return { perSecond: (answers / (performance.now() - startedMs)) * 1_000, answers, failed, latenciesMs }
    },
    stop: () => agent.destroy(),
  }
}
