namespace Bench.Statistics;

/// <summary>A straight line through points, by least squares.</summary>
/// <param name="Slope">How much y grows per x.</param>
/// <param name="Intercept">The line's y at x = 0.</param>
/// <param name="SlopeError">
/// How far from <paramref name="Slope"/> the slope may be, with 95 % confidence, by what the points are off the line;
/// infinite when there are too few of them to tell.
/// </param>
internal sealed record LineFit(double Slope, double Intercept, double SlopeError)
{
    private const double Confidence = 0.95;

    /// <summary>Fits the line; points that all have the same x give a level one through their mean.</summary>
    /// <param name="points">At least one.</param>
    public static LineFit Through(IReadOnlyCollection<(double X, double Y)> points)
    {
        ArgumentOutOfRangeException.ThrowIfZero(points.Count);
        var (meanX, meanY) = (points.Average(point => point.X), points.Average(point => point.Y));
        var spread = points.Sum(point => (point.X - meanX) * (point.X - meanX));
        var slope = spread == 0 ? 0 : points.Sum(point => (point.X - meanX) * (point.Y - meanY)) / spread;
        var line = new LineFit(slope, meanY - (slope * meanX), double.PositiveInfinity);
        var freedom = points.Count - 2;
        if (freedom < 1 || spread == 0)
        {
            return line;
        }

        var scatter = points.Sum(point => Math.Pow(point.Y - line.At(point.X), 2)) / freedom;
        return line with { SlopeError = Student.Of(freedom, Confidence) * Math.Sqrt(scatter / spread) };
    }

    /// <summary>The line's y at an x.</summary>
    public double At(double x) => Intercept + (Slope * x);

    /// <summary>By which share of its value at <paramref name="from"/> the line has grown at another x.</summary>
    public double Growth(double from, double to) => (At(to) / At(from)) - 1;

    /// <summary>How far from that the growth may be, with 95 % confidence.</summary>
    public double GrowthError(double from, double to) => SlopeError * (to - from) / At(from);
}
