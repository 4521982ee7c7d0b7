// Counts the pages that are taken, as nothing but a test needs to know it.

import { NO_PAGE, type Pages } from '../../src/store/pages.ts';

export interface PageCount {
  readonly taken: number;
  /** The most that were taken at a time. */
  readonly most: number;
}

/** From now on. */
export function countPages(pages: Pages): PageCount {
  const count = { taken: 0, most: 0 };
  const take = pages.take.bind(pages);
  const free = pages.free.bind(pages);
  pages.take = () => {
    const page = take();
    count.most = Math.max(count.most, ++count.taken);
    return page;
  };
  pages.free = (head) => {
    for (let page = head; page !== NO_PAGE; page = pages.next(page)) count.taken--;
    free(head);
  };
  return count;
}
