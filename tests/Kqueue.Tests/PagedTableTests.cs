namespace Kqueue.Tests;

/// <summary>Numbers near and far, and none.</summary>
public sealed class PagedTableTests
{
    private readonly PagedTable<string> _table = new();

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(1_000_000)]
    public void Find_WhatWasSet_ReturnsItAndNothingBesideIt(int number)
    {
        _table.Set(number, "here");

        Assert.Equal("here", _table.Find(number));
        Assert.Null(_table.Find(number - 1));
        Assert.Null(_table.Find(number + 1));
    }

    [Theory]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(int.MaxValue)]
    public void Find_NumberThatNeverWasSet_ReturnsNull(int number)
    {
        Assert.Null(_table.Find(number));
        _table.Set(300, "elsewhere");

        Assert.Null(_table.Find(number));
    }

    [Fact]
    public void Set_Null_RemovesThatOne()
    {
        _table.Set(1, "one");
        _table.Set(2, "two");

        _table.Set(1, null);

        Assert.Null(_table.Find(1));
        Assert.Equal("two", _table.Find(2));
    }

    [Fact]
    public void All_OfSeveralPages_AreInTheOrderOfTheirNumbers()
    {
        _table.Set(5_000, "last");
        _table.Set(3, "first");
        _table.Set(700, "middle");

        Assert.Equal(["first", "middle", "last"], _table.All());
    }
}
