/** What a task may ask the memory of its actor's tenant. */
export interface TaskSearchQuery {
  /** At most 8,192 characters; the rest is not looked at. */
  readonly q: string
  /** What was said, or what was learned. Default: both. */
  readonly in?: 'messages' | 'knowledge'
  /** Only what was said in the actor's own conversation. */
  readonly own?: boolean
  /** Hits; 1 to 20. */
  readonly limit: number
}

/** A text that was found. */
export interface TaskSearchHit {
  /** Of this very piece of text; it stays while the text does. */
  readonly id: string
  /** Of knowledge what its source is called, of what was said the message's id. */
  readonly source: string
  readonly text: string
  readonly lang: string | null
  /** ISO. */
  readonly at: string
  /** 0 to 1, by meaning and by word. */
  readonly score: number
}

/**
 * The memory as a task sees it: only what its actor's own tenant has said and learned. It follows LOG with the embedder's lag.
 */
export interface TaskSearchIndex {
  /**
   * Best first.
   *
   * @throws ColloquyError `no_memory` where no process that has a memory answers, worth another attempt
   */
  search(question: TaskSearchQuery): Promise<readonly TaskSearchHit[]>
  /** Names what the tenant has learned: another name after every change of it, `undefined` where it never learned anything. */
  knowledgeVersion(): Promise<string | undefined>
}
