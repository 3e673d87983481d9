interface Ticking {
  upcoming: { begin: string; end: string; counted: boolean }[];
}

/** How many seconds of a target's own time are left at an instant, in milliseconds since 1970. */
export function left(clock: Ticking, now: number): number {
  const counted = clock.upcoming.filter((stretch) => stretch.counted);
  const ahead = ({ begin, end }: { begin: string; end: string }) =>
    Math.max(0, Date.parse(end) - Math.max(now, Date.parse(begin)));
  return counted.reduce((sum, stretch) => sum + ahead(stretch), 0) / 1000;
}
