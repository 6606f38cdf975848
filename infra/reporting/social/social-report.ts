import type { ClickHouseClient } from '@clickhouse/client'
import type { Language } from '../report/report-format.ts'
import { readSocialFigures, type SocialScope } from './social-figures.ts'
import { socialPage } from './social-page.ts'
import { en, type SocialWords, zh } from './social-words.ts'

const WORDS: Readonly<Record<Language, SocialWords>> = { en, zh }

/** Makes the report on the posts of a period as one HTML page. */
export const makeSocialReport = async (
  clickhouse: ClickHouseClient,
  scope: SocialScope,
  madeAt: Date,
  language: Language,
): Promise<string> => socialPage(await readSocialFigures(clickhouse, scope), scope, madeAt, WORDS[language])
