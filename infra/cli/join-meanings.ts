import { messageOf } from '../../schemas/errors.ts'
import type { Output } from '../app/terminal-output.ts'
import { readTextVectors } from '../app/text-vectors.ts'
import type { Scope } from '../reporting/questions/ask-question.ts'
import { groupByMeaning } from '../reporting/questions/group-by-meaning.ts'
import type { Answer } from '../reporting/questions/questions.ts'
import type { Settings } from '../settings.ts'

/** Joins unanswered questions that mean the same. Without vectors they stay grouped by their words, and a note says why. */
export async function joinMeanings(
  settings: Settings,
  out: Pick<Output, 'note'>,
  { tenant }: Scope,
  rows: Answer<'unanswered'>,
): Promise<Answer<'unanswered'>> {
  const keys = rows.flatMap(({ text_key: key }) => key ?? [])
  if (keys.length < 2) return rows
  try {
    return groupByMeaning(rows, await readTextVectors(settings, tenant, keys))
  } catch (error) {
    out.note(`Unanswered questions are grouped by their words, not by their meaning: ${messageOf(error)}`)
    return rows
  }
}
