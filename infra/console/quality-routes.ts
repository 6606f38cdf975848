import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { TakeInputs } from '../../pipeline/http/input-route.ts'
import { readJsonBody } from '../../pipeline/http/json-body.ts'
import { HttpProblem } from '../../pipeline/http/problems.ts'
import { inputOf } from '../../pipeline/http/request-inputs.ts'
import { ADDRESS_PATH, addressOf, type AddressParams } from '../../pipeline/http/route-address.ts'
import { requireSameOrigin } from '../../pipeline/http/session-cookie.ts'
import { whenDisconnected } from '../../pipeline/http/wait-places.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { ANSWER_REVIEWED, answerReviewed } from '../../schemas/events.ts'
import { createDatasetLines } from '../reporting/dataset-lines.ts'
import { DATA, readQuery } from './console-query.ts'
import { answersQuery, datasetText, listAnswers, placeQuery, type QualityDeps, readAnswer, readQualityFigures } from './listed-answers.ts'

const BODY_BYTES_MAX = 65_536
/** How long a judgement is waited for, so that the page can show it. */
const JUDGED_MS_MAX = 10_000

export interface QualityRouteDeps extends Pick<QualityDeps, 'client'> {
  readonly jetstream: JetStreamContext
  readonly takeInputs: TakeInputs
  /** Who asks. */
  readonly actingOf: (request: FastifyRequest) => string
}

/** What a person says of an answer. */
const judgementBody = answerReviewed
  .strict()
  .refine(
    ({ thumbs, comment, correction }) => (thumbs ?? comment ?? correction) !== undefined,
    'must have at least one of thumbs, comment and correction',
  )

interface Addressed {
  Params: AddressParams
}

/** Adds the data of the page "Quality", and a person's judgement: the input `answer.reviewed`, whose attribute `by` names the person. */
export function addQualityRoutes(app: FastifyInstance, { jetstream, client, takeInputs, actingOf }: QualityRouteDeps): void {
  const deps: QualityDeps = { client, lineOf: createDatasetLines(jetstream), now: Date.now }
  app.get(`${DATA}quality/answers`, async ({ query }) => listAnswers(deps, readQuery(answersQuery, query)))
  app.get(`${DATA}quality/figures`, async ({ query }) => readQualityFigures(deps, readQuery(answersQuery, query)))
  app.get<Addressed>(`${DATA}quality/answer/${ADDRESS_PATH}`, async ({ params, query }) => {
    const answer = await readAnswer(deps, addressOf(params), readQuery(placeQuery, query))
    if (answer === undefined) throw new HttpProblem('unknown_record', 'the tables have no such answer')
    return answer
  })
  app.get(`${DATA}quality/dataset`, async ({ query }, reply) => {
    const lines = datasetText(deps, readQuery(answersQuery, query))
    // Read before the answer begins, so that a query that fails is a problem and not half a file.
    const first = await lines.next()
    const all = async function* (): AsyncGenerator<string> {
      if (first.done !== true) yield first.value
      yield* lines
    }
    return reply
      .type('application/x-ndjson; charset=utf-8')
      .header('content-disposition', 'attachment; filename="answers.jsonl"')
      .send(Readable.from(all()))
  })
  app.post<Addressed & { Body: Buffer | undefined }>(
    `${DATA}quality/judge/${ADDRESS_PATH}`,
    { bodyLimit: BODY_BYTES_MAX },
    async (request, reply) => {
      requireSameOrigin(request)
      const data = readJsonBody(request.body, judgementBody, { answer: 'm-1:1', thumbs: 'down' })
      const input = inputOf({ type: ANSWER_REVIEWED, id: randomUUID(), source: 'console', by: actingOf(request), data })
      const waiting = { wait: 'tables', timeoutMs: JUDGED_MS_MAX, disconnected: whenDisconnected(reply) } as const
      const { status, body } = await takeInputs(addressOf(request.params), input, waiting)
      return reply.status(status).send(body)
    },
  )
}
