/** Where a text lies. */
export interface TextPlace {
  readonly keywords: readonly string[]
  readonly vector?: string | undefined
  readonly model?: string | undefined
}

/** What tasks that analyse texts of many get. */
export interface TaskTopics {
  /**
   * The topic of the actor's tenant that a text belongs to: one that is there, or a new one, which `newTopic` names. The new one is there
   * for the texts that follow at once; it lasts if an actor of the kind `topics` hears of it. With `null`, a text that is near no topic has
   * none.
   *
   * @throws ColloquyError `index_behind` while the topics are still being read from LOG
   */
  topicFor(place: TextPlace, newTopic: string | null): Promise<string | null>
}
