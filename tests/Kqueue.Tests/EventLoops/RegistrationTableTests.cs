using Kqueue.EventLoops;
using Kqueue.EventLoops.Registrations;

namespace Kqueue.Tests.EventLoops;

/// <summary>Slots and generations.</summary>
public sealed class RegistrationTableTests
{
    private readonly RegistrationTable _table = new();

    [Fact]
    public void Find_AddedRegistration_ReturnsIt()
    {
        var (first, second) = (Add(), Add());

        Assert.Same(first, _table.Find(first.UserData));
        Assert.Same(second, _table.Find(second.UserData));
        Assert.Equal(2, _table.Count);
    }

    [Fact]
    public void Find_TheWakesUserData_ReturnsNobody()
    {
        Add();

        Assert.Null(_table.Find(0));
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(-1)]
    public void Find_SlotThatDoesNotExist_ReturnsNobody(int userData) => Assert.Null(_table.Find(userData));

    [Fact]
    public void Remove_Twice_CountsOnce()
    {
        var registration = Add();

        Assert.True(_table.Remove(registration));
        Assert.False(_table.Remove(registration));

        Assert.Null(_table.Find(registration.UserData));
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void Add_SlotWasGivenBack_HasAnotherGeneration()
    {
        var former = Add();
        _table.Remove(former);

        var newcomer = Add();

        Assert.Equal((int)former.UserData, (int)newcomer.UserData);
        Assert.Null(_table.Find(former.UserData));
        Assert.Same(newcomer, _table.Find(newcomer.UserData));
    }

    [Fact]
    public void Remove_FormerOwnerOfAReusedSlot_LeavesTheNewcomer()
    {
        var former = Add();
        _table.Remove(former);
        var newcomer = Add();

        Assert.False(_table.Remove(former));

        Assert.Same(newcomer, _table.Find(newcomer.UserData));
    }

    [Fact]
    public void Add_MoreThanTheFirstCapacity_AllAreFound()
    {
        var registrations = Enumerable.Range(0, 1_000).Select(_ => Add()).ToArray();

        Assert.All(registrations, registration => Assert.Same(registration, _table.Find(registration.UserData)));
        Assert.Equal(registrations.Length, registrations.Select(one => one.UserData).Distinct().Count());
    }

    // The table never looks at a registration's loop.
    private Registration Add()
    {
        var registration = new Registration(null!, ident: 0, new HandlerAction(_ => { }));
        _table.Add(registration);
        return registration;
    }
}
