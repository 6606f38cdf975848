import type { WaitingCases, WaitingCasesQuery } from '../../schemas/waiting-cases.ts'

/** Cases of the actor's tenant that wait for a person, as the task of a desk sees them. */
export interface TaskWaitingCases {
  /**
   * The cases that are next at the desk that the actor is, from the tables. Those lag behind LOG by some 100 ms: a case may be among them
   * that has ended since, and one that has just asked may be missing.
   *
   * @throws ColloquyError `tables_unavailable`; a later attempt may find them
   */
  waitingCases(query: Pick<WaitingCasesQuery, 'since' | 'without'>): Promise<WaitingCases>
}
