import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { StoredDayView } from '../../api/schema.js';
import { bytes, day } from '../../lib/format/format.js';

const height = 224;

/**
 * Draws a bar for each day.
 * @param onpoint called with the day under the pointer, and with null where there is none
 * @returns the function that removes it
 */
export const daysChart = (
  place: HTMLElement,
  days: readonly StoredDayView[],
  onpoint: (day: StoredDayView | null) => void,
): (() => void) => {
  const style = getComputedStyle(place);
  const color = (name: string): string => style.getPropertyValue(`--color-${name}`).trim();
  const grid = { stroke: color('base-300'), width: 1 };
  const axis = { stroke: color('base-content'), font: `12px ${style.fontFamily}`, ticks: grid };
  const dates = days.map(({ day: date }) => date);
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: false, range: [-0.6, days.length - 0.4] }, y: { range: top } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 32,
          space: 60,
          incrs: [1, 2, 5, 10],
          values: (_chart, marks) => marks.map((index) => (dates[index] ? day(dates[index]) : '')),
        },
        {
          ...axis,
          grid,
          size: 72,
          space: 40,
          values: (_chart, marks) => marks.map((size) => bytes(size)),
        },
      ],
      series: [
        {},
        {
          fill: color('primary'),
          ...(uPlot.paths.bars
            ? { paths: uPlot.paths.bars({ size: [0.7, 36], radius: 0.2 }) }
            : {}),
          points: { show: false },
        },
      ],
      hooks: {
        setCursor: [({ cursor: { idx } }) => onpoint(days[idx ?? -1] ?? null)],
      },
    },
    [dates.map((_date, index) => index), days.map(({ bytes: stored }) => stored)],
    place,
  );
  const watch = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height }));
  watch.observe(place);
  return () => {
    watch.disconnect();
    chart.destroy();
  };
};

/** From nothing to a little above the most. */
const top = (_chart: uPlot, _least: number, most: number): [number, number] => [
  0,
  Math.max(1, most) * 1.05,
];
