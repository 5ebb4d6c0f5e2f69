using MathNet.Numerics.Distributions;

namespace Bench.Statistics;

/// <summary>Student's t.</summary>
internal static class Student
{
    /// <summary>What leaves the confidence between its negative and itself.</summary>
    public static double Of(int freedom, double confidence) => StudentT.InvCDF(0, 1, freedom, (1 + confidence) / 2);
}
