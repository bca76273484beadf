// Families with one sample for each member of a list, and one unlabelled zero when there is none.
import type { MetricFamily, MetricSample } from './metric-family.ts';

/** A family and where its values come from. */
export interface MemberSeries<Member> {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly value: (member: Member) => number;
}

/** Most members that are written out: a flood of sessions must not become one of series. */
export const MAX_METRIC_MEMBERS = 5000;

/** One sample per member and family; `isFiltered` leaves out the zeros of an empty list. */
export function memberFamilies<Member>(
  series: readonly MemberSeries<Member>[],
  members: readonly Member[],
  options: {
    readonly labels: (member: Member) => Readonly<Record<string, string>>;
    readonly isFiltered: boolean;
  },
): readonly MetricFamily[] {
  const shown = members.slice(0, MAX_METRIC_MEMBERS);
  const labels = shown.map(options.labels);
  const zero: readonly MetricSample[] = options.isFiltered ? [] : [{ labels: {}, value: 0 }];
  return series.map(({ name, type, help, value }) => {
    const samples = shown.map((member, index) => ({
      labels: labels[index] ?? {},
      value: value(member),
    }));
    return { name, type, help, samples: samples.length === 0 ? zero : samples };
  });
}
