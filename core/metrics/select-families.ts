// Which families a scrape asks for: `?type=` names a group, `?path=cam` and the like one member.
import type { MetricFamily, MetricGroup } from '../base/metric-family.ts';

/** Every group, or those that the query names; a filter that finds nobody gives nothing. */
export function selectFamilies(
  groups: readonly MetricGroup[],
  query: URLSearchParams,
): readonly MetricFamily[] {
  const type = query.get('type') ?? '';
  const filters = groups.flatMap(({ filter }) => (filter === undefined ? [] : [filter]));
  const isFiltered = filters.some((filter) => (query.get(filter) ?? '') !== '');
  return groups.flatMap((group) => {
    if (type !== '' && type !== group.type) return [];
    const member = group.filter === undefined ? '' : (query.get(group.filter) ?? '');
    if (isFiltered && member === '') return [];
    return group.collect(member === '' ? undefined : member);
  });
}
