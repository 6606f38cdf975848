import type { NatsConnection } from '@nats-io/transport-node'
import { z } from 'zod'
import { codeOf, ColloquyError, ForeignCodeError, messageOf } from '../../schemas/errors.ts'
import { parseJson } from '../../schemas/json.ts'
import { VECTOR_SUBJECT } from '../../schemas/subjects.ts'
import type { Embedder } from './embedder.ts'
import type { EmbedAs } from './embedding-model.ts'

/** Vectors of questions by the embedding model in use, where that is one of meaning. */
export interface QuestionVectors {
  /** Fingerprint of the model; `null` while the built-in one is used, whose vectors know words only. */
  fingerprint(): Promise<string | null>
  /**
   * The vector of a text, and the fingerprint of the model that made it.
   *
   * @param as default: a question
   * @throws ColloquyError `embed_failed`, `no_memory`
   */
  of(text: string, as?: EmbedAs): Promise<QuestionVector>
}
export interface QuestionVector {
  readonly fingerprint: string | null
  /** Absent with the built-in model. */
  readonly vector?: Float32Array | undefined
}

type QuestionEmbedder = Pick<Embedder, 'kind' | 'fingerprint' | 'embed'>

/** The vectors of an embedder in this process. @param embedder the one in use; it may change */
export function localQuestionVectors(embedder: () => QuestionEmbedder): QuestionVectors {
  const fingerprintOf = ({ kind, fingerprint }: QuestionEmbedder): string | null => (kind === 'semantic' ? fingerprint : null)
  return {
    fingerprint: async () => fingerprintOf(embedder()),
    async of(text, as = 'query') {
      const model = embedder()
      if (model.kind !== 'semantic') return { fingerprint: null }
      const [vector] = await model.embed([text], as)
      return { fingerprint: model.fingerprint, vector }
    },
  }
}

/** Only one of the processes with an embedding model answers. */
const QUEUE = 'vectors'
const ANSWER_MS = 10_000

const requestSchema = z.object({ text: z.string().optional(), as: z.enum(['query', 'passage']).optional() })
const replySchema = z.union([
  z.object({ fingerprint: z.string().nullable(), vector: z.base64().optional() }),
  z.object({ error: z.object({ code: z.string(), message: z.string() }) }),
])

/** Answers processes and threads without an embedding model, on `VECTOR_SUBJECT`. */
export function serveQuestionVectors(nc: NatsConnection, vectors: QuestionVectors): { stop(): void } {
  const answer = async (request: unknown): Promise<z.input<typeof replySchema>> => {
    try {
      const { text, as } = requestSchema.parse(request)
      if (text === undefined) return { fingerprint: await vectors.fingerprint() }
      const { fingerprint, vector } = await vectors.of(text, as)
      return { fingerprint, ...(vector && { vector: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64') }) }
    } catch (error) {
      return { error: { code: codeOf(error) ?? 'no_memory', message: messageOf(error) } }
    }
  }
  const subscription = nc.subscribe(VECTOR_SUBJECT, {
    queue: QUEUE,
    callback: (_, message) => {
      void answer(parseJson(message.string())).then((reply) => message.respond(JSON.stringify(reply)))
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** The vectors of another process or thread that has the embedding model. */
export function remoteQuestionVectors(nc: NatsConnection): QuestionVectors {
  const ask = async (request: z.infer<typeof requestSchema>): Promise<QuestionVector> => {
    const text = await nc.request(VECTOR_SUBJECT, JSON.stringify(request), { timeout: ANSWER_MS }).then(
      (reply) => reply.string(),
      (cause: unknown) => {
        throw new ColloquyError(
          'no_memory',
          'no process with an embedding model answers; wait until one with the role embed or serve has started, or start one',
          { cause },
        )
      },
    )
    const reply = replySchema.safeParse(parseJson(text))
    if (!reply.success) throw new ColloquyError('no_memory', 'the answer of the embedding model is not readable; upgrade all processes')
    if ('error' in reply.data) throw new ForeignCodeError(reply.data.error.code, reply.data.error.message)
    const { fingerprint, vector } = reply.data
    return { fingerprint, vector: vector === undefined ? undefined : floatsOf(Buffer.from(vector, 'base64')) }
  }
  return { fingerprint: async () => (await ask({})).fingerprint, of: (text, as) => ask({ text, ...(as && { as }) }) }
}

/** A copy: the buffer of a decoded text may begin anywhere in its slab. */
const floatsOf = (bytes: Buffer): Float32Array => new Float32Array(new Uint8Array(bytes).buffer)
