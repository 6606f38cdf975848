import type { ClickHouseClient } from '@clickhouse/client'
import { z } from 'zod'
import { covers, type JudgeEvaluator } from '../../pipeline/judge/judge-evaluator.ts'
import { answerKey, type RecordedAnswer } from '../../pipeline/judge/recorded-answers.ts'

const judgedSchema = z.array(z.object({ tenant: z.string(), kind: z.string(), actor: z.string(), answer: z.string(), version: z.string() }))

/** Keys of those answers that have, in table `scores`, a judgement of this version of the evaluator or of a newer one. */
export async function judgedAnswers(
  clickhouse: ClickHouseClient,
  { evaluator, version }: Pick<JudgeEvaluator, 'evaluator' | 'version'>,
  answers: readonly RecordedAnswer[],
): Promise<ReadonlySet<string>> {
  const result = await clickhouse.query({
    query: `SELECT DISTINCT tenant, kind, actor, answer, version FROM scores
      WHERE evaluator = {evaluator:String} AND tenant IN {tenants:Array(String)} AND answer IN {answers:Array(String)}`,
    query_params: { evaluator, tenants: [...new Set(answers.map(({ address }) => address.tenant))], answers: answers.map(({ id }) => id) },
    format: 'JSONEachRow',
  })
  const judged = judgedSchema.parse(await result.json())
  return new Set(
    judged
      .filter((one) => covers(one.version, version))
      .map(({ tenant, kind, actor, answer }) => answerKey({ address: { tenant, kind, id: actor }, id: answer })),
  )
}
